"""What must hold of Elastic Beanstalk environments. The settings in force name their namespace and option."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

HEALTH = "aws:elasticbeanstalk:healthreporting:system SystemType"
UPDATES = "aws:elasticbeanstalk:managedactions ManagedActionsEnabled"
LOGS = "aws:elasticbeanstalk:cloudwatch:logs StreamLogs"


def _setting(environment: Resource, view: View, name: str, default: str) -> str:
    told = view.one_of("elasticbeanstalk.settings", environment)
    return str(told.get(name) or default).lower() if told else default


@check("elasticbeanstalk_enhanced_health", over="elasticbeanstalk.environments", reads=("elasticbeanstalk.settings",))
def reports_health_in_full(environment: Resource, view: View) -> Verdict:
    """Fail unless health reporting is enhanced. Source: DescribeConfigurationSettings, healthreporting:system,
    SystemType (basic when absent).
    """
    kind = _setting(environment, view, HEALTH, "basic")
    words = f"Health reporting is {kind}."
    return verdict(kind == "enhanced", words, words, SystemType=kind)


@check("elasticbeanstalk_managed_updates", over="elasticbeanstalk.environments", reads=("elasticbeanstalk.settings",))
def takes_managed_updates(environment: Resource, view: View) -> Verdict:
    """Fail unless platform updates install themselves. Source: DescribeConfigurationSettings, managedactions,
    ManagedActionsEnabled (false when absent).
    """
    enabled = _setting(environment, view, UPDATES, "false")
    return verdict(
        enabled == "true",
        "Platform updates install themselves.",
        "Platform updates wait for somebody to install them.",
        ManagedActionsEnabled=enabled,
    )


@check("elasticbeanstalk_log_streaming", over="elasticbeanstalk.environments", reads=("elasticbeanstalk.settings",))
def streams_logs(environment: Resource, view: View) -> Verdict:
    """Fail unless instances stream their logs to CloudWatch. Source: DescribeConfigurationSettings, cloudwatch:logs,
    StreamLogs (false when absent).
    """
    enabled = _setting(environment, view, LOGS, "false")
    return verdict(
        enabled == "true",
        "Logs are streamed to CloudWatch.",
        "Logs stay on the instances and end with them.",
        StreamLogs=enabled,
    )
