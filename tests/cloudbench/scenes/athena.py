from typing import Any

from tests.cloudbench.scenes import Answers, Aws, Expected, Verdicts, on_answers, on_moto


def results(option: str | None = None) -> dict[str, Any]:
    encryption = {"EncryptionConfiguration": {"EncryptionOption": option}} if option else {}
    return {"ResultConfiguration": {"OutputLocation": "s3://results/", **encryption}}


@on_moto(keep_defaults=True)
def workgroups_encrypted_logged_and_not(aws: Aws) -> Verdicts:
    athena = aws("athena")
    athena.create_work_group(Name="safe", Configuration={**results("SSE_S3"), "PublishCloudWatchMetricsEnabled": True})
    athena.create_work_group(Name="loose", Configuration={**results(), "PublishCloudWatchMetricsEnabled": False})
    return {
        "athena_workgroup_results_encrypted": Expected(good=["safe"], bad=["loose", "primary"]),
        "athena_workgroup_logging": Expected(good=["safe"], bad=["loose", "primary"]),
    }


@on_answers
def workgroups_that_athena_manages() -> Answers:
    configurations: dict[str, dict[str, Any]] = {
        "managed": {"ManagedQueryResultsConfiguration": {"Enabled": True}, "PublishCloudWatchMetricsEnabled": True},
        "unmanaged": {"ManagedQueryResultsConfiguration": {"Enabled": False}, **results()},
    }
    return Answers(
        says={
            "athena.list_work_groups": {"WorkGroups": [{"Name": name} for name in (*configurations, "bare")]},
            "athena.get_work_group": lambda params: {
                "WorkGroup": {
                    "Name": params["WorkGroup"],
                    "Configuration": configurations.get(params["WorkGroup"], {}),
                }
            },
        },
        verdicts={
            "athena_workgroup_results_encrypted": Expected(good=["managed"], bad=["unmanaged", "bare"]),
            "athena_workgroup_logging": Expected(good=["managed"], bad=["unmanaged", "bare"]),
        },
    )
