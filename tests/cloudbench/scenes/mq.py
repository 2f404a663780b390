from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto


@on_moto(keep_defaults=True)
def brokers_logging_upgrading_and_not(aws: Aws) -> Verdicts:
    mq = aws("mq")

    def broker(name: str, engine: str, version: str, upgrade: bool, **logs: bool) -> None:
        mq.create_broker(
            BrokerName=name,
            EngineType=engine,
            EngineVersion=version,
            DeploymentMode="SINGLE_INSTANCE",
            HostInstanceType="mq.t3.micro",
            AutoMinorVersionUpgrade=upgrade,
            PubliclyAccessible=False,
            Users=[],
            Logs=logs,
        )

    broker("logging", "ACTIVEMQ", "5.18", True, Audit=True, General=True)
    broker("silent", "ACTIVEMQ", "5.18", False, General=True)
    broker("rabbit", "RABBITMQ", "3.13", True, General=True)
    return {
        "mq_broker_audit_logs": Expected(good=["logging"], bad=["silent"]),
        "mq_broker_minor_upgrade": Expected(good=["logging", "rabbit"], bad=["silent"]),
    }


@on_answers
def brokers_as_aws_writes_them() -> Answers:
    settings: dict[str, dict[str, Any]] = {
        "ActiveMQ": {"Logs": {"General": True, "Audit": True, "GeneralLogGroup": "g", "AuditLogGroup": "a"}},
        "RabbitMQ": {"Logs": {"General": True, "GeneralLogGroup": "g"}, "AutoMinorVersionUpgrade": True},
    }
    return Answers(
        says={
            "mq.list_brokers": {
                "BrokerSummaries": [
                    {
                        "BrokerArn": f"arn:aws:mq:{REGION}:{ACCOUNT}:broker:{engine}",
                        "BrokerId": engine,
                        "BrokerName": engine,
                        "DeploymentMode": "SINGLE_INSTANCE",
                        "EngineType": engine,
                    }
                    for engine in settings
                ]
            },
            "mq.describe_broker": lambda params: settings[params["BrokerId"]],
        },
        verdicts={
            "mq_broker_audit_logs": Expected(good=["ActiveMQ"]),
            "mq_broker_minor_upgrade": Expected(good=["RabbitMQ"], bad=["ActiveMQ"]),
        },
    )
