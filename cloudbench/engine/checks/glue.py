"""What must hold of Glue's jobs and machine learning transforms."""

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SPARK_COMMANDS = frozenset({"glueetl", "gluestreaming"})
LEAST_VERSION = (3, 0)
"""The oldest version of Glue that AWS supports: Security Hub, Glue.4."""
ALWAYS_LOGGING_VERSION = (5, 0)
"""From this version on, jobs log continuously whatever their arguments say."""
OLDEST_VERSION = "0.9"
"""What a Spark job runs on that names no version: it is older than the choice."""
AUTOMATIC = "auto"
"""The version of a job that AWS moves to newer versions by itself."""
NEWEST = (99,)


def _is_spark(job: Resource) -> bool:
    return job["Command"] in SPARK_COMMANDS


def _version(job: Resource) -> tuple[int, ...]:
    if job["GlueVersion"] == AUTOMATIC:
        return NEWEST
    return tuple(int(part) for part in (job["GlueVersion"] or OLDEST_VERSION).split("."))


def _mode(job: Resource, view: View, part: str, field: str) -> str | None:
    """Return how the job's security configuration encrypts ``part``, None if the job has none."""
    name = job["SecurityConfiguration"]
    if not name:
        return None
    for configuration in view.in_region("glue.security_configurations", job.region):
        if configuration.name == name:
            settings = configuration.get("EncryptionConfiguration", {}).get(part) or {}
            first = settings[0] if isinstance(settings, list) else settings
            return str(first.get(field, "DISABLED"))
    return None


@check("glue_job_log_encryption", over="glue.jobs", reads=("glue.security_configurations",))
def encrypts_logs(job: Resource, view: View) -> Verdict:
    """Fail unless the job's security configuration encrypts what it writes to CloudWatch Logs.

    Source: GetJobs, SecurityConfiguration; GetSecurityConfigurations, CloudWatchEncryptionMode.
    """
    mode = _mode(job, view, "CloudWatchEncryption", "CloudWatchEncryptionMode")
    return verdict(
        mode not in (None, "DISABLED"),
        f"Logs are encrypted ({mode}).",
        _fault(job, mode, "logs"),
        SecurityConfiguration=job["SecurityConfiguration"],
        CloudWatchEncryptionMode=mode,
    )


@check("glue_job_s3_encryption", over="glue.jobs", reads=("glue.security_configurations",))
def encrypts_objects(job: Resource, view: View) -> Verdict:
    """Fail unless the job encrypts what it writes to S3: by its security configuration, or without one by argument.

    Source: GetJobs, SecurityConfiguration and --encryption-type; GetSecurityConfigurations, S3EncryptionMode.
    """
    mode = _mode(job, view, "S3Encryption", "S3EncryptionMode")
    if not job["SecurityConfiguration"] and job["EncryptionType"] == "sse-s3":
        return passed("Objects are encrypted by the argument --encryption-type sse-s3.", EncryptionType="sse-s3")
    return verdict(
        mode not in (None, "DISABLED"),
        f"Objects are encrypted ({mode}).",
        _fault(job, mode, "objects"),
        SecurityConfiguration=job["SecurityConfiguration"],
        S3EncryptionMode=mode,
    )


def _fault(job: Resource, mode: str | None, what: str) -> str:
    name = job["SecurityConfiguration"]
    if not name:
        return "The job has no security configuration."
    return f"The security configuration {name} does not exist." if mode is None else f"{name} does not encrypt {what}."


@check("glue_job_logging", over="glue.jobs")
def logs_continuously(job: Resource, view: View) -> Verdict | None:
    """Fail unless a Spark job logs while it runs: by its argument, or since its version always does.

    Other jobs always log and are not judged. Source: GetJobs, --enable-continuous-cloudwatch-log and GlueVersion.
    """
    if not _is_spark(job):
        return None
    argument = str(job["ContinuousLog"] or "").lower()
    if _version(job) >= ALWAYS_LOGGING_VERSION:
        return passed("Jobs of this version of Glue always log continuously.", GlueVersion=job["GlueVersion"])
    return verdict(
        argument == "true",
        "The job logs continuously.",
        "The job does not log while it runs.",
        ContinuousLog=argument or None,
    )


@check("glue_job_supported_version", over="glue.jobs")
def runs_supported_version(job: Resource, view: View) -> Verdict | None:
    """Fail if a Spark job runs on a version of Glue before LEAST_VERSION; other jobs are not judged.

    Source: GetJobs, GlueVersion.
    """
    if not _is_spark(job):
        return None
    version = job["GlueVersion"] or OLDEST_VERSION
    return verdict(
        _version(job) >= LEAST_VERSION,
        f"The job runs on Glue {version}.",
        f"The job runs on Glue {version}, which is no longer supported.",
        GlueVersion=version,
    )


@check("glue_ml_transform_encrypted", over="glue.ml_transforms")
def encrypts_transform(transform: Resource, view: View) -> Verdict:
    """Fail unless the data of a transform's users is encrypted with KMS.

    Source: GetMLTransforms, TransformEncryption.MlUserDataEncryption.
    """
    settings = (transform.get("TransformEncryption") or {}).get("MlUserDataEncryption") or {}
    mode = settings.get("MlUserDataEncryptionMode", "DISABLED")
    if mode != "SSE-KMS":
        return failed("User data of the transform is not encrypted.", MlUserDataEncryptionMode=mode)
    return passed("User data of the transform is encrypted with KMS.", MlUserDataEncryptionMode=mode)
