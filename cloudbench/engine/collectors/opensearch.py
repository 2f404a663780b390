"""OpenSearch and Elasticsearch domains: names are listed, then described five at a time."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import batch, listing

listing(
    "opensearch.domain_names",
    "opensearch.list_domain_names",
    items="DomainNames",
    arn="arn:{partition}:es:{region}:{account}:domain/{DomainName}",
    label="DomainName",
    keep=("DomainName",),
)


def _these_domains(domains: list[Resource]) -> Data:
    return {"DomainNames": [domain["DomainName"] for domain in domains]}


batch(
    "opensearch.domains",
    "opensearch.describe_domains",
    of="opensearch.domain_names",
    size=5,  # the most that DescribeDomains takes
    ask_many=_these_domains,
    items="DomainStatusList[?Deleted != `true`]",
    arn="{ARN}",
    label="DomainName",
    keep=(
        "DomainName",
        "EngineVersion",
        "ClusterConfig",
        "VPCOptions",
        "EncryptionAtRestOptions",
        "NodeToNodeEncryptionOptions",
        "DomainEndpointOptions",
        "AdvancedSecurityOptions",
        "LogPublishingOptions",
        "ServiceSoftwareOptions",
    ),
)
