from tests.cloudbench.scenes import REGION, Aws, Expected, Verdicts, on_moto

SECOND = "eu-west-1"


@on_moto(regions=(REGION, SECOND))
def enabled_in_one_region(aws: Aws) -> Verdicts:
    aws("securityhub").enable_security_hub()
    return {"securityhub_enabled": Expected(good=[REGION], bad=[SECOND])}
