"""Glue: jobs, the security configurations that they name, and machine learning transforms."""

from cloudbench.engine.registry import listing

# Of a job's arguments only these two are taken: others often hold passwords.
JOBS = """Jobs[].{
    Name: Name, GlueVersion: GlueVersion, SecurityConfiguration: SecurityConfiguration, Command: Command.Name,
    ContinuousLog: DefaultArguments."--enable-continuous-cloudwatch-log",
    EncryptionType: DefaultArguments."--encryption-type"
}"""

listing(
    "glue.jobs",
    "glue.get_jobs",
    items=JOBS,
    arn="arn:{partition}:glue:{region}:{account}:job/{Name}",
    label="Name",
)

listing(
    "glue.security_configurations",
    "glue.get_security_configurations",
    items="SecurityConfigurations",
    arn="arn:{partition}:glue:{region}:{account}:security-configuration/{Name}",
    label="Name",
    keep=("Name", "EncryptionConfiguration"),
)

listing(
    "glue.ml_transforms",
    "glue.get_ml_transforms",
    items="Transforms",
    arn="arn:{partition}:glue:{region}:{account}:mlTransform/{TransformId}",
    label="Name",
    keep=("TransformId", "Name", "TransformEncryption"),
    next_page=("NextToken", "NextToken"),
)
