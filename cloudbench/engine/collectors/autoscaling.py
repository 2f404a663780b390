"""Auto Scaling: groups and the older launch configurations, whose start scripts may hold secrets and are left out."""

from cloudbench.engine.registry import listing

PAGE = {"MaxRecords": 100}

listing(
    "autoscaling.groups",
    "autoscaling.describe_auto_scaling_groups",
    params=PAGE,
    items="AutoScalingGroups",
    arn="{AutoScalingGroupARN}",
    label="AutoScalingGroupName",
    keep=(
        "AutoScalingGroupName", "AvailabilityZones", "VPCZoneIdentifier", "LoadBalancerNames", "TargetGroupARNs",
        "TrafficSources", "HealthCheckType", "LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy",
    ),
)  # fmt: skip
listing(
    "autoscaling.launch_configurations",
    "autoscaling.describe_launch_configurations",
    params=PAGE,
    items="LaunchConfigurations",
    arn="{LaunchConfigurationARN}",
    label="LaunchConfigurationName",
    keep=(
        "LaunchConfigurationName", "ImageId", "InstanceType", "MetadataOptions", "AssociatePublicIpAddress",
        "SecurityGroups", "CreatedTime",
    ),
)  # fmt: skip
