"""Amazon MQ: brokers and how they log and update."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "mq.brokers",
    "mq.list_brokers",
    params={"MaxResults": 100},
    items="BrokerSummaries",
    arn="{BrokerArn}",
    label="BrokerName",
    keep=("BrokerId", "BrokerName", "EngineType"),
)


def _this_broker(broker: Resource) -> Data:
    return {"BrokerId": broker["BrokerId"]}


detail(
    "mq.broker_settings",
    "mq.describe_broker",
    of="mq.brokers",
    ask=_this_broker,
    keep=("AutoMinorVersionUpgrade", "Logs", "EngineVersion"),
)
