"""What must hold of Lambda functions."""

from datetime import date

from cloudbench.engine.checks.policies import public_grants, unconfined_services
from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Failure, FailureKind, Resource, Unread
from cloudbench.engine.registry import View, check

LEAST_ZONES = 2
"""Availability Zones that a function in a VPC reaches. Source: Security Hub Lambda.5."""

PUBLIC_URL = "NONE"
S3 = "s3.amazonaws.com"

RUNTIMES_END: dict[str, date | None] = {
    "dotnet10": date(2028, 11, 14),
    "dotnet6": date(2024, 12, 20),
    "dotnet8": date(2026, 11, 10),
    "dotnetcore1.0": date(2019, 7, 30),
    "dotnetcore2.0": date(2019, 5, 30),
    "dotnetcore2.1": date(2022, 1, 5),
    "dotnetcore3.1": date(2023, 4, 3),
    "go1.x": date(2024, 1, 8),
    "java11": date(2027, 6, 30),
    "java11.al2023": date(2029, 6, 30),
    "java17": date(2027, 6, 30),
    "java17.al2023": date(2029, 6, 30),
    "java21": date(2029, 6, 30),
    "java25": date(2029, 6, 30),
    "java8": date(2024, 1, 8),
    "java8.al2": date(2027, 6, 30),
    "java8.al2023": date(2029, 6, 30),
    "nodejs": date(2016, 10, 31),
    "nodejs10.x": date(2021, 7, 30),
    "nodejs12.x": date(2023, 3, 31),
    "nodejs14.x": date(2023, 12, 4),
    "nodejs16.x": date(2024, 6, 12),
    "nodejs18.x": date(2025, 9, 1),
    "nodejs20.x": date(2026, 4, 30),
    "nodejs22.x": date(2027, 4, 30),
    "nodejs24.x": date(2028, 4, 30),
    "nodejs26.x": None,
    "nodejs4.3": date(2020, 3, 6),
    "nodejs4.3-edge": date(2019, 4, 30),
    "nodejs6.10": date(2019, 8, 12),
    "nodejs8.10": date(2020, 3, 6),
    "provided": date(2024, 1, 8),
    "provided.al2": date(2026, 7, 31),
    "provided.al2023": date(2029, 6, 30),
    "python2.7": date(2021, 7, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
    "python3.15": None,
    "python3.6": date(2022, 7, 18),
    "python3.7": date(2023, 12, 4),
    "python3.8": date(2024, 10, 14),
    "python3.9": date(2025, 12, 15),
    "ruby2.5": date(2021, 7, 30),
    "ruby2.7": date(2023, 12, 7),
    "ruby3.2": date(2026, 3, 31),
    "ruby3.3": date(2027, 3, 31),
    "ruby3.4": date(2028, 3, 31),
    "ruby4.0": date(2029, 3, 31),
}
"""When AWS deprecates each runtime, as announced by September 2026; None: no day is set. Source: the Lambda Developer
Guide, "Lambda runtimes"."""


@check("lambda_function_not_public", over="lambda.functions", reads=("lambda.function_policies",))
def is_not_public(function: Resource, view: View) -> Verdict:
    """Fail if its policy lets anyone invoke or change it, or Amazon S3 whichever account's bucket it acts for.

    A function without a policy passes; a function URL without authentication has a policy for everyone and fails.
    Source: GetPolicy, Policy. Rule: Security Hub Lambda.1.
    """
    told = view.one_of("lambda.function_policies", function)
    policy = told.get("Policy") if told else None
    if grants := public_grants(policy):
        actions = sorted({action for grant in grants for action in grant.actions or ("*",)})
        sids = [grant.sid for grant in grants if grant.sid]
        return failed(f"Its policy lets anyone do {', '.join(actions)}.", Sid=sids, Action=actions)
    if S3 in unconfined_services(policy):
        return failed("Its policy lets Amazon S3 in without saying for which account.", Service=S3)
    return passed("Its policy lets in only known callers." if policy else "It has no policy that lets others in.")


@check("lambda_function_url_authenticated", over="lambda.function_urls")
def url_is_authenticated(url: Resource, view: View) -> Verdict:
    """Fail if a URL of the function, or of one of its aliases, asks for no IAM authentication.

    Functions without URLs are left out. Source: ListFunctionUrlConfigs, AuthType (AWS_IAM or NONE).
    """
    open_to_all = url["AuthType"] == PUBLIC_URL
    return verdict(
        not open_to_all,
        "Its URL takes only requests signed by IAM identities.",
        "Its URL answers anyone without authentication.",
        AuthType=url["AuthType"],
        FunctionUrl=url.get("FunctionUrl", ""),
    )


@check("lambda_function_supported_runtime", over="lambda.functions")
def has_supported_runtime(function: Resource, view: View) -> Verdict | None:
    """Fail from the day on which AWS deprecates its runtime; container images, which bring their own, are left out.

    A runtime that is not in the table is not judged but reported as unread. Source: ListFunctions, Runtime.
    """
    runtime = function.get("Runtime")
    if not runtime or function.get("PackageType") == "Image":
        return None
    if runtime not in RUNTIMES_END:
        raise Unread(Failure(FailureKind.MALFORMED, f"The Lambda runtime {runtime} is not known to this release."))
    end = RUNTIMES_END[runtime]
    if end is None:
        return passed(f"{runtime} is supported; AWS has set no end.", Runtime=runtime)
    return verdict(
        view.now.date() < end,
        f"{runtime} is supported until {end}.",
        f"{runtime} has not been supported since {end}.",
        Runtime=runtime,
        DeprecationDate=end.isoformat(),
    )


@check("lambda_function_in_vpc", over="lambda.functions")
def is_in_vpc(function: Resource, view: View) -> Verdict:
    """Fail unless it is attached to a VPC. Source: ListFunctions, VpcConfig.VpcId ("" or absent outside VPCs)."""
    vpc = (function.get("VpcConfig") or {}).get("VpcId", "")
    return verdict(bool(vpc), f"It is attached to {vpc}.", "It is not attached to a VPC.", VpcId=vpc)


@check("lambda_function_multi_az", over="lambda.functions", reads=("ec2.subnets",))
def reaches_several_zones(function: Resource, view: View) -> Verdict | None:
    """Fail if the subnets of a function in a VPC lie in fewer than two Availability Zones.

    Functions outside VPCs are left out: AWS runs them in several zones. Source: ListFunctions, VpcConfig.SubnetIds;
    EC2 DescribeSubnets, AvailabilityZone.
    """
    config = function.get("VpcConfig") or {}
    if not (config.get("VpcId") or config.get("SubnetIds")):
        return None
    known = {subnet.name: subnet["AvailabilityZone"] for subnet in view.in_region("ec2.subnets", function.region)}
    zones = sorted({known[subnet] for subnet in config.get("SubnetIds", ()) if subnet in known})
    return verdict(
        len(zones) >= LEAST_ZONES,
        f"Its subnets lie in {len(zones)} Availability Zones.",
        f"All its subnets lie in one Availability Zone ({', '.join(zones) or 'none is known'}).",
        SubnetIds=list(config.get("SubnetIds", ())),
        AvailabilityZones=zones,
    )


@check("lambda_function_concurrency_limit", over="lambda.functions", reads=("lambda.function_concurrency",))
def has_concurrency_limit(function: Resource, view: View) -> Verdict:
    """Fail if no concurrency is reserved, which is also its limit; 0 stops the function and counts as a limit.

    Source: GetFunctionConcurrency, ReservedConcurrentExecutions (absent if none is reserved).
    """
    told = view.one_of("lambda.function_concurrency", function)
    limit = told.get("ReservedConcurrentExecutions") if told else None
    return verdict(
        limit is not None,
        f"At most {limit} executions run at once.",
        "Nothing but the account's quota limits how many executions run at once.",
        ReservedConcurrentExecutions=limit,
    )


@check("lambda_function_dead_letter_queue", over="lambda.functions")
def has_dead_letter_queue(function: Resource, view: View) -> Verdict:
    """Fail unless events that failed go to a queue or topic. Source: ListFunctions, DeadLetterConfig.TargetArn."""
    target = (function.get("DeadLetterConfig") or {}).get("TargetArn", "")
    return verdict(
        bool(target),
        f"Events that failed go to {target}.",
        "Asynchronous events that failed are dropped: there is no dead-letter queue.",
        TargetArn=target,
    )
