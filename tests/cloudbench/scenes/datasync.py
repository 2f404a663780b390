from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/datasync"
TASKS: dict[str, dict[str, Any]] = {
    "logging": {"CloudWatchLogGroupArn": LOGS, "Options": {"LogLevel": "BASIC"}},
    "off": {"CloudWatchLogGroupArn": LOGS, "Options": {"LogLevel": "OFF"}},
    "nowhere": {"Options": {"LogLevel": "TRANSFER"}},
    "bare": {},
}


@on_answers
def tasks_logging_and_not() -> Answers:
    arn = f"arn:aws:datasync:{REGION}:{ACCOUNT}:task"
    return Answers(
        says={
            "datasync.list_tasks": {"Tasks": [{"TaskArn": f"{arn}/{name}"} for name in TASKS]},
            "datasync.describe_task": lambda params: TASKS[params["TaskArn"].rpartition("/")[2]],
        },
        verdicts={"datasync_task_logging": Expected(good=["logging"], bad=["off", "nowhere", "bare"])},
    )
