"""DataSync: tasks and where they log."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "datasync.tasks",
    "datasync.list_tasks",
    items="Tasks",
    arn="{TaskArn}",
    keep=("TaskArn", "Name", "Status"),
)


def _this_task(task: Resource) -> Data:
    return {"TaskArn": task["TaskArn"]}


detail(
    "datasync.task_settings",
    "datasync.describe_task",
    of="datasync.tasks",
    ask=_this_task,
    items="{CloudWatchLogGroupArn: CloudWatchLogGroupArn, LogLevel: Options.LogLevel}",
)
