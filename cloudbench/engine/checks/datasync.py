"""What must hold of DataSync's tasks."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check("datasync_task_logging", over="datasync.tasks", reads=("datasync.task_settings",))
def logs(task: Resource, view: View) -> Verdict:
    """Fail unless the task logs to a log group. Source: DescribeTask, CloudWatchLogGroupArn and Options.LogLevel."""
    settings = view.one_of("datasync.task_settings", task)
    group = settings["CloudWatchLogGroupArn"] if settings else None
    level = (settings["LogLevel"] if settings else None) or "OFF"
    fault = "The task's log level is OFF." if group else "The task names no log group."
    return verdict(
        bool(group) and level != "OFF",
        f"The task logs at level {level}.",
        fault,
        CloudWatchLogGroupArn=group,
        LogLevel=level,
    )
