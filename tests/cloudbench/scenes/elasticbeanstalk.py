from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

GOOD = {
    ("aws:elasticbeanstalk:healthreporting:system", "SystemType"): "enhanced",
    ("aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled"): "true",
    ("aws:elasticbeanstalk:cloudwatch:logs", "StreamLogs"): "true",
    ("aws:elasticbeanstalk:cloudwatch:logs:health", "HealthStreamingEnabled"): "false",
    ("aws:elasticbeanstalk:application:environment", "DB_PASSWORD"): "not-a-secret",
}
BAD = {
    ("aws:elasticbeanstalk:healthreporting:system", "SystemType"): "basic",
    ("aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled"): "false",
    ("aws:elasticbeanstalk:cloudwatch:logs", "StreamLogs"): "false",
}
SETTINGS: dict[str, dict[tuple[str, str], str]] = {"shop-good": GOOD, "shop-bad": BAD, "shop-untold": {}}


@on_answers
def environments() -> Answers:
    def settings(params: Any) -> dict[str, Any]:
        assert params["ApplicationName"] == "shop"
        options = [
            {"Namespace": namespace, "OptionName": name, "Value": value}
            for (namespace, name), value in SETTINGS[params["EnvironmentName"]].items()
        ]
        told = {"ApplicationName": "shop", "EnvironmentName": params["EnvironmentName"], "OptionSettings": options}
        return {"ConfigurationSettings": [told]}

    arn = f"arn:aws:elasticbeanstalk:{REGION}:{ACCOUNT}:environment/shop/"
    expected = Expected(good=["shop-good"], bad=["shop-bad", "shop-untold"])
    return Answers(
        says={
            "elasticbeanstalk.describe_environments": {
                "Environments": [
                    {
                        "EnvironmentName": name,
                        "ApplicationName": "shop",
                        "EnvironmentArn": arn + name,
                        "Status": "Ready",
                    }
                    for name in SETTINGS
                ]
            },
            "elasticbeanstalk.describe_configuration_settings": settings,
        },
        verdicts={
            "elasticbeanstalk_enhanced_health": expected,
            "elasticbeanstalk_managed_updates": expected,
            "elasticbeanstalk_log_streaming": expected,
        },
    )
