from typing import Any

from tests.cloudbench.scenes import ACCOUNT, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROLE = f"arn:aws:iam::{ACCOUNT}:role/glue"


@on_moto(keep_defaults=True)
def jobs_encrypted_logged_and_not(aws: Aws) -> Verdicts:
    glue = aws("glue")
    for name, s3, logs in (
        ("full", "SSE-KMS", "SSE-KMS"),
        ("only-objects", "SSE-S3", "DISABLED"),
        ("empty", None, None),
    ):
        encryption = {
            "S3Encryption": [{"S3EncryptionMode": s3}],
            "CloudWatchEncryption": {"CloudWatchEncryptionMode": logs},
        }
        glue.create_security_configuration(Name=name, EncryptionConfiguration=encryption if s3 else {})

    def job(name: str, command: str = "glueetl", arguments: dict[str, str] | None = None, **settings: Any) -> None:
        glue.create_job(
            Name=name,
            Role=ROLE,
            Command={"Name": command, "ScriptLocation": "s3://scripts/a.py"},
            DefaultArguments=arguments or {},
            **settings,
        )

    log = "--enable-continuous-cloudwatch-log"
    job("safe", arguments={log: "true"}, GlueVersion="4.0", SecurityConfiguration="full")
    job("half", arguments={log: "false"}, GlueVersion="3.0", SecurityConfiguration="only-objects")
    job("new", GlueVersion="5.0", arguments={"--encryption-type": "sse-s3", "--password": "secret"})
    job("automatic", GlueVersion="auto", arguments={"--encryption-type": "sse-s3"})
    job("old", "gluestreaming", GlueVersion="2.0", SecurityConfiguration="deleted")
    job("oldest", SecurityConfiguration="empty", arguments={"--encryption-type": "sse-s3"})
    job("script", "pythonshell", GlueVersion="1.0")
    return {
        "glue_job_s3_encryption": Expected(good=["safe", "half", "new", "automatic"], bad=["old", "oldest", "script"]),
        "glue_job_log_encryption": Expected(good=["safe"], bad=["half", "new", "automatic", "old", "oldest", "script"]),
        "glue_job_logging": Expected(good=["safe", "new", "automatic"], bad=["half", "old", "oldest"]),
        "glue_job_supported_version": Expected(good=["safe", "half", "new", "automatic"], bad=["old", "oldest"]),
    }


@on_answers
def transforms_encrypted_and_not() -> Answers:
    def transform(name: str, **settings: Any) -> dict[str, Any]:
        return {"TransformId": f"tfm-{name}", "Name": name, **settings}

    def encryption(mode: str) -> dict[str, Any]:
        return {"TransformEncryption": {"MlUserDataEncryption": {"MlUserDataEncryptionMode": mode}}}

    pages = {
        None: {"Transforms": [transform("kept", **encryption("SSE-KMS")), transform("silent")], "NextToken": "2"},
        "2": {"Transforms": [transform("plain", **encryption("DISABLED"))]},
    }
    return Answers(
        says={"glue.get_ml_transforms": lambda params: pages[params.get("NextToken")]},
        verdicts={"glue_ml_transform_encrypted": Expected(good=["kept"], bad=["silent", "plain"])},
    )
