"""What must hold of Bedrock: that calls of models are logged, stay in the network, and few may do everything."""

from collections.abc import Iterator

from cloudbench.engine.findings import Finding, Verdict, verdict
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import EACH_REGION, View, check, survey

FULL_ACCESS = "iam::aws:policy/AmazonBedrockFullAccess"
RUNTIME = "bedrock-runtime"
"""The service that calls of models go to."""
PRINCIPALS = ("iam.users", "iam.groups", "iam.roles")


@check("bedrock_invocation_logging", over=EACH_REGION, reads=("bedrock.invocation_logging",))
def logs_invocations(region: Resource, view: View) -> Verdict:
    """Fail unless a region logs calls of models to a log group or a bucket.

    Regions without Bedrock are not judged.
    Source: GetModelInvocationLoggingConfiguration, loggingConfig.cloudWatchConfig and s3Config.
    """
    rows = view.in_region("bedrock.invocation_logging", region.region)
    places = [name for name in ("cloudWatchConfig", "s3Config") if rows and rows[0].get(name)]
    return verdict(
        bool(places),
        "Calls of models are logged.",
        "Calls of models are not logged.",
        Destinations=places,
    )


@survey("bedrock_full_access_not_attached", reads=PRINCIPALS)
def grants_full_access_to_nobody(view: View) -> Iterator[Finding]:
    """Fail while AWS's policy with full access to Bedrock is attached to a user, group or role.

    Source: GetAccountAuthorizationDetails, AttachedManagedPolicies.
    """
    arn = f"arn:{view.account.partition}:{FULL_ACCESS}"
    holders = sorted(
        principal.arn
        for name in PRINCIPALS
        for principal in view[name]
        if any(policy["PolicyArn"] == arn for policy in principal.get("AttachedManagedPolicies", ()))
    )
    if holders or not view.unread:
        words = (
            f"The policy is attached to {', '.join(holders[:5])}." if holders else "The policy is attached to nobody."
        )
        attributes = {"AttachedTo": holders[:20], "Count": len(holders)}
        yield Finding(arn, GLOBAL, not holders, words, "AmazonBedrockFullAccess", attributes)


@check("bedrock_vpc_endpoint_configured", over="ec2.vpcs", reads=("ec2.vpc_endpoints",))
def reaches_models_privately(vpc: Resource, view: View) -> Verdict | None:
    """Fail unless a VPC of the account has an interface endpoint for calls of models.

    VPCs that another account shares are its owner's affair and not judged.
    Source: DescribeVpcs; DescribeVpcEndpoints, ServiceName and State.
    """
    if vpc["OwnerId"] != view.account.id:
        return None
    states = [
        str(endpoint["State"]).lower()
        for endpoint in view.in_region("ec2.vpc_endpoints", vpc.region)
        if endpoint["VpcId"] == vpc["VpcId"] and endpoint["ServiceName"].endswith(f".{vpc.region}.{RUNTIME}")
    ]
    return verdict(
        "available" in states,
        f"An endpoint for {RUNTIME} is available.",
        f"The endpoint for {RUNTIME} is {states[0]}." if states else f"There is no endpoint for {RUNTIME}.",
        States=states,
    )
