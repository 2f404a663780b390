from typing import Any

from tests.cloudbench.scenes import REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

SECOND, THIRD = "eu-west-1", "eu-west-2"
FEATURES = {
    "eks_audit_logs": "EKS_AUDIT_LOGS",
    "lambda_protection": "LAMBDA_NETWORK_LOGS",
    "ec2_malware_protection": "EBS_MALWARE_PROTECTION",
    "rds_protection": "RDS_LOGIN_EVENTS",
    "s3_protection": "S3_DATA_EVENTS",
    "runtime_monitoring": "RUNTIME_MONITORING",
}
PARTS = {
    "eks_runtime": "EKS_ADDON_MANAGEMENT",
    "ecs_runtime": "ECS_FARGATE_AGENT_MANAGEMENT",
    "ec2_runtime": "EC2_AGENT_MANAGEMENT",
}
CHECKS = [f"guardduty_{name}" for name in (*FEATURES, *PARTS)]


def features(status: str, parts: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"Name": name, "Status": status} for name in FEATURES.values()]
    found[-1]["AdditionalConfiguration"] = [{"Name": name, "Status": parts} for name in PARTS.values()]
    return found


@on_moto(regions=(REGION, SECOND, THIRD))
def enabled_suspended_and_missing(aws: Aws) -> Verdicts:
    aws("guardduty").create_detector(Enable=True, Features=features("ENABLED", "ENABLED"))
    aws("guardduty", SECOND).create_detector(Enable=False, Features=features("ENABLED", "ENABLED"))
    expected = Expected(good=[REGION], bad=[SECOND, THIRD])
    return dict.fromkeys(["guardduty_enabled", *CHECKS], expected)


@on_moto()
def a_detector_with_features_off(aws: Aws) -> Verdicts:
    aws("guardduty").create_detector(Enable=True, Features=features("DISABLED", "ENABLED"))
    return dict.fromkeys(CHECKS, Expected(bad=[REGION])) | {"guardduty_enabled": Expected(good=[REGION])}


@on_moto()
def runtime_monitoring_without_agents(aws: Aws) -> Verdicts:
    aws("guardduty").create_detector(Enable=True, Features=features("ENABLED", "DISABLED"))
    verdicts = {f"guardduty_{name}": Expected(bad=[REGION]) for name in PARTS}
    return verdicts | {"guardduty_runtime_monitoring": Expected(good=[REGION])}


@on_moto()
def an_older_feature_and_one_not_offered(aws: Aws) -> Verdicts:
    agent = [{"Name": "EKS_ADDON_MANAGEMENT", "Status": "ENABLED"}]
    older = [{"Name": "EKS_RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": agent}]
    always = [{"Name": "CLOUD_TRAIL", "Status": "ENABLED"}]  # AWS tells of it in each list, moto only if asked to
    aws("guardduty").create_detector(Enable=True, Features=[*older, *always])
    return {"guardduty_eks_runtime": Expected(good=[REGION]), "guardduty_lambda_protection": Expected()}


@on_answers
def open_findings() -> Answers:
    says = {
        "guardduty.list_detectors": {"DetectorIds": ["busy", "calm"]},
        "guardduty.list_findings": lambda params: {
            "FindingIds": ["f1", "f2"] if params["DetectorId"] == "busy" else []
        },
    }
    return Answers(says, {"guardduty_no_open_high_findings": Expected(good=["calm"], bad=["busy"])})
