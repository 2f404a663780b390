from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ZONES = [f"{REGION}a", f"{REGION}b"]


@on_moto(keep_defaults=True)
def groups_and_configurations(aws: Aws) -> Verdicts:
    scaling, ec2 = aws("autoscaling"), aws("ec2")
    template = ec2.create_launch_template(LaunchTemplateName="app", LaunchTemplateData={"ImageId": "ami-12c6146b"})
    specification = {"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "$Default"}
    aws("elb").create_load_balancer(
        LoadBalancerName="front",
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=ZONES,
    )

    def configuration(name: str, **more: Any) -> str:
        scaling.create_launch_configuration(
            LaunchConfigurationName=name, ImageId="ami-12c6146b", InstanceType="t3.micro", **more
        )
        return name

    def group(name: str, zones: list[str], **more: Any) -> str:
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=1, AvailabilityZones=zones, **more
        )
        return name

    def mixed(*types: str) -> dict[str, Any]:
        overrides = [{"InstanceType": kind} for kind in types]
        return {"LaunchTemplate": {"LaunchTemplateSpecification": specification, "Overrides": overrides}}

    good = configuration("good", MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1})
    off = configuration("off", MetadataOptions={"HttpEndpoint": "disabled", "HttpPutResponseHopLimit": 2})
    silent = configuration("silent")
    public = configuration("public", MetadataOptions={"HttpTokens": "optional"}, AssociatePublicIpAddress=True)
    group("behind", ZONES, LaunchTemplate=specification, LoadBalancerNames=["front"], HealthCheckType="ELB")
    group("blind", ZONES, LaunchTemplate=specification, LoadBalancerNames=["front"], HealthCheckType="EC2")
    group("mixed", ZONES, MixedInstancesPolicy=mixed("t3.micro", "t3.small"))
    group("mixed-one-zone", ZONES[:1], MixedInstancesPolicy=mixed("t3.micro", "t3.small"))
    group("mixed-one-type", ZONES, MixedInstancesPolicy=mixed("t3.micro"))
    group("old", ZONES[:1], LaunchConfigurationName=silent)
    return {
        "autoscaling_group_elb_health_check": Expected(["behind"], ["blind"]),
        "autoscaling_group_multi_az": Expected(
            ["behind", "blind", "mixed", "mixed-one-type"], ["mixed-one-zone", "old"]
        ),
        "autoscaling_group_multiple_instance_types": Expected(
            ["mixed"], ["behind", "blind", "mixed-one-zone", "mixed-one-type", "old"]
        ),
        "autoscaling_group_uses_launch_template": Expected(
            ["behind", "blind", "mixed", "mixed-one-zone", "mixed-one-type"], ["old"]
        ),
        "autoscaling_launch_config_imdsv2": Expected([good, off], [silent, public]),
        "autoscaling_launch_config_hop_limit": Expected([good, silent, public], [off]),
        "autoscaling_launch_config_no_public_ip": Expected([good, off, silent], [public]),
    }


@on_answers
def groups_of_other_kinds() -> Answers:
    def group(name: str, kinds: str, *sources: str, **more: Any) -> dict[str, Any]:
        arn = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/{name}"
        return {
            "AutoScalingGroupName": name,
            "AutoScalingGroupARN": arn,
            "MinSize": 0,
            "MaxSize": 1,
            "DesiredCapacity": 0,
            "DefaultCooldown": 300,
            "AvailabilityZones": ZONES,
            "HealthCheckType": kinds,
            "CreatedTime": 0,
            "TrafficSources": [{"Identifier": "front", "Type": kind} for kind in sources],
            **more,
        }

    by_attributes = {"InstanceRequirements": {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 2048}}}
    policy = {
        "LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateName": "app"}, "Overrides": [by_attributes]}
    }
    groups = [
        group("several-kinds", "EC2, ELB", "elbv2"),
        group("ec2-only", "EC2,EBS", "elbv2"),
        group("lattice", "EC2", "vpc-lattice"),
        group("alone", "EC2", MixedInstancesPolicy=policy),
    ]
    return Answers(
        says={"autoscaling.describe_auto_scaling_groups": {"AutoScalingGroups": groups}},
        verdicts={
            "autoscaling_group_elb_health_check": Expected(["several-kinds"], ["ec2-only"]),
            "autoscaling_group_multiple_instance_types": Expected(["alone"], ["several-kinds", "ec2-only", "lattice"]),
        },
    )
