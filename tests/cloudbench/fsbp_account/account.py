"""An account on moto with known faults, service by service, and what each control of FSBP must say of it.

Every part makes good and bad resources and tells, by ``say(control, good=[...], bad=[...])``, the ARNs that must pass
and fail. A part makes its own resources only, so that the ARNs of a control are all in one place.
"""

from collections.abc import Callable, Iterable

from tests.cloudbench.fsbp_account import (
    compute,
    databases,
    edges,
    ground,
    identity,
    networks,
    pipelines,
    storage,
    watching,
)
from tests.cloudbench.fsbp_account.ground import Aws, Sayings

PARTS = (
    ground.foundations,
    storage.s3,
    storage.efs,
    storage.dynamodb,
    databases.rds,
    databases.neptune,
    databases.redshift,
    databases.elasticache,
    databases.opensearch,
    compute.lambda_,
    compute.ecs,
    compute.ecr,
    compute.eks,
    compute.autoscaling,
    edges.elbv2,
    edges.elb,
    edges.cloudfront,
    edges.apigateway,
    pipelines.messages,
    identity.keys,
    networks.networks,
    networks.instances,
    networks.defaults,
    pipelines.codebuild,
    pipelines.dms,
    watching.watching,
    watching.others,
    networks.firewalls,
    databases.caches,
    pipelines.brokers,
    databases.graphs,
    storage.files,
    identity.authorities,
    watching.trails,
    databases.clusters,
    pipelines.moving,
    pipelines.catalogs,
    edges.endpoints,
    databases.postgres_clusters,
    pipelines.transfers,
    storage.zones_of_file_systems,
    watching.recorder,
    identity.people,
    databases.caches_of_old,
    identity.certificates,
)


def build(aws: Aws, parts: Iterable[Callable[[Aws, Sayings], None]] = PARTS) -> Sayings:
    """Make the account by ``aws("s3")``, a boto3 client, and return what must be said of it."""
    said = Sayings()
    for part in parts:
        part(aws, said)
    return said
