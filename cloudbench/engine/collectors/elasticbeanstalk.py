"""Elastic Beanstalk environments and those of their settings that checks read; never the application's own."""

from collections.abc import Iterator

from cloudbench.engine.inventory import Data
from cloudbench.engine.registry import detail, listing

NAMESPACES = (
    "aws:elasticbeanstalk:healthreporting:system",
    "aws:elasticbeanstalk:managedactions",
    "aws:elasticbeanstalk:cloudwatch:logs",
)

listing(
    "elasticbeanstalk.environments",
    "elasticbeanstalk.describe_environments",
    params={"IncludeDeleted": False},
    items="Environments",
    arn="{EnvironmentArn}",
    label="EnvironmentName",
    keep=("EnvironmentName", "ApplicationName", "PlatformArn", "Status", "Health"),
)


def _settings(answer: Data) -> Iterator[Data]:
    """Yield {"namespace OptionName": value} of the settings in force."""
    for configuration in answer["ConfigurationSettings"]:
        yield {
            f"{option['Namespace']} {option['OptionName']}": option.get("Value", "")
            for option in configuration.get("OptionSettings", ())
            if option.get("Namespace") in NAMESPACES
        }


detail(
    "elasticbeanstalk.settings",
    "elasticbeanstalk.describe_configuration_settings",
    of="elasticbeanstalk.environments",
    ask=lambda environment: {
        "ApplicationName": environment["ApplicationName"],
        "EnvironmentName": environment["EnvironmentName"],
    },
    items=_settings,
)
