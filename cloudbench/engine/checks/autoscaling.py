"""What must hold of Auto Scaling groups and of launch configurations."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

GROUPS = "autoscaling.groups"
CONFIGURATIONS = "autoscaling.launch_configurations"
BALANCERS = ("elb", "elbv2")
"""Traffic sources that are load balancers; a VPC Lattice target group is none."""


def _has_load_balancer(group: Resource) -> bool:
    sources = [one.get("Type") for one in group.get("TrafficSources") or ()]
    return bool(group.get("LoadBalancerNames") or group.get("TargetGroupARNs") or set(sources) & set(BALANCERS))


@check("autoscaling_group_elb_health_check", over=GROUPS)
def group_asks_load_balancer(group: Resource, view: View) -> Verdict | None:
    """Fail if a group behind a load balancer does not use its health checks; a group behind none is left out.

    Source: DescribeAutoScalingGroups, HealthCheckType (kinds with commas between). Control: Security Hub AutoScaling.1.
    """
    if not _has_load_balancer(group):
        return None
    kinds = [kind.strip() for kind in str(group["HealthCheckType"]).split(",")]
    return verdict(
        "ELB" in kinds,
        "It replaces instances that the load balancer finds unhealthy.",
        "It keeps instances that the load balancer finds unhealthy.",
        HealthCheckType=group["HealthCheckType"],
    )


@check("autoscaling_group_multi_az", over=GROUPS)
def group_spans_zones(group: Resource, view: View) -> Verdict:
    """Fail if a group runs in one Availability Zone only. Source: DescribeAutoScalingGroups, AvailabilityZones.

    Control: Security Hub AutoScaling.2.
    """
    zones = group["AvailabilityZones"]
    named = ", ".join(zones)
    bad = f"It runs in one Availability Zone only: {named}." if zones else "It runs in no Availability Zone."
    return verdict(len(zones) > 1, f"It runs in {named}.", bad, AvailabilityZones=zones)


@check("autoscaling_group_multiple_instance_types", over=GROUPS)
def group_has_choice_of_types(group: Resource, view: View) -> Verdict:
    """Fail unless a group may use several instance types, in several zones.

    A choice by attributes (InstanceRequirements) is one of several types. Source: DescribeAutoScalingGroups,
    MixedInstancesPolicy.LaunchTemplate.Overrides, AvailabilityZones. Control: Security Hub AutoScaling.6.
    """
    template = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    overrides = template.get("Overrides") or ()
    types = sorted({one["InstanceType"] for one in overrides if one.get("InstanceType")})
    by_attributes = any(one.get("InstanceRequirements") for one in overrides)
    zones = group["AvailabilityZones"]
    several = by_attributes or len(types) > 1
    lacking = [what for what, has in (("instance type", several), ("Availability Zone", len(zones) > 1)) if not has]
    return verdict(
        not lacking,
        f"It may choose instance types {'by attributes' if by_attributes else 'among ' + ', '.join(types)}.",
        f"It is bound to one {' and one '.join(lacking)}.",
        InstanceTypes=types,
        AvailabilityZones=zones,
    )


@check("autoscaling_group_uses_launch_template", over=GROUPS)
def group_uses_template(group: Resource, view: View) -> Verdict:
    """Fail if a group launches from a launch configuration. Source: DescribeAutoScalingGroups, LaunchTemplate,
    MixedInstancesPolicy (which always has a template). Control: Security Hub AutoScaling.9.
    """
    configuration = group.get("LaunchConfigurationName")
    return verdict(
        bool(group.get("LaunchTemplate") or group.get("MixedInstancesPolicy")),
        "It launches from a launch template.",
        f"It launches from the launch configuration {configuration}."
        if configuration
        else "It has no launch template.",
        LaunchConfigurationName=configuration,
    )


@check("autoscaling_launch_config_imdsv2", over=CONFIGURATIONS)
def configuration_demands_tokens(configuration: Resource, view: View) -> Verdict:
    """Fail unless instances must demand session tokens (IMDSv2) or have the metadata service off.

    Source: DescribeLaunchConfigurations, MetadataOptions (left out unless set). Control: Security Hub AutoScaling.3.
    """
    options = configuration.get("MetadataOptions") or {}
    return verdict(
        options.get("HttpTokens") == "required" or options.get("HttpEndpoint") == "disabled",
        "Its instances answer no metadata request without a session token.",
        "Its instances answer metadata requests without a session token (IMDSv1).",
        HttpTokens=options.get("HttpTokens"),
        HttpEndpoint=options.get("HttpEndpoint"),
    )


HOPS = 1
"""How far the answers of the metadata service may travel; also what AWS sets by default. Source: AutoScaling.4."""


@check("autoscaling_launch_config_hop_limit", over=CONFIGURATIONS)
def metadata_stays_on_instance(configuration: Resource, view: View) -> Verdict:
    """Fail if answers of the metadata service may travel further than to the instance itself.

    Source: DescribeLaunchConfigurations, MetadataOptions.HttpPutResponseHopLimit (1 unless set).
    """
    hops = int((configuration.get("MetadataOptions") or {}).get("HttpPutResponseHopLimit") or HOPS)
    told = f"The hop limit of the metadata service is {hops}"
    return verdict(hops <= HOPS, f"{told}.", f"{told}: answers leave the instance.", HttpPutResponseHopLimit=hops)


@check("autoscaling_launch_config_no_public_ip", over=CONFIGURATIONS)
def configuration_gives_no_public_address(configuration: Resource, view: View) -> Verdict:
    """Fail if instances are given a public address; silence leaves it to the subnet.

    Source: DescribeLaunchConfigurations, AssociatePublicIpAddress. Control: Security Hub AutoScaling.5.
    """
    gives = bool(configuration.get("AssociatePublicIpAddress", False))
    return verdict(
        not gives,
        "It asks for no public address.",
        "Its instances are given a public address.",
        AssociatePublicIpAddress=gives,
    )
