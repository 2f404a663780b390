"""What must hold of Amazon MQ's brokers."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

SETTINGS = "mq.broker_settings"


@check("mq_broker_audit_logs", over="mq.brokers", reads=(SETTINGS,))
def logs_administration(broker: Resource, view: View) -> Verdict | None:
    """Fail unless an ActiveMQ broker publishes audit logs; RabbitMQ has none and is not judged.

    Source: ListBrokers, EngineType; DescribeBroker, Logs.Audit.
    """
    if broker["EngineType"].upper() != "ACTIVEMQ":
        return None
    settings = view.one_of(SETTINGS, broker)
    audit = bool(((settings.get("Logs") if settings else None) or {}).get("Audit", False))
    return verdict(audit, "Audit logs are published.", "Audit logs are not published.", AuditLogs=audit)


@check("mq_broker_minor_upgrade", over="mq.brokers", reads=(SETTINGS,))
def takes_minor_versions(broker: Resource, view: View) -> Verdict:
    """Fail unless minor versions are installed by themselves. Source: DescribeBroker, AutoMinorVersionUpgrade."""
    settings = view.one_of(SETTINGS, broker)
    automatic = bool(settings.get("AutoMinorVersionUpgrade", False)) if settings else False
    return verdict(
        automatic,
        "Minor versions are installed in the maintenance window.",
        "Minor versions are not installed by themselves.",
        AutoMinorVersionUpgrade=automatic,
    )
