"""Functions, containers, groups of instances."""

import io
import json
import zipfile

from tests.cloudbench.fsbp_account.ground import (
    ACCOUNT,
    REGION,
    ROLE,
    Aws,
    Sayings,
    arn,
    default_vpc,
    two_subnets,
)


def lambda_(aws: Aws, say: Sayings) -> None:
    client = aws("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "def f(e, c): return 1")
    subnets = two_subnets(aws)
    placed = {"wide": subnets, "narrow": subnets[:1]}
    for name, runtime in (("wide", "python3.13"), ("narrow", "python3.7"), ("open", "nodejs24.x"), ("s3", "java21")):
        client.create_function(
            FunctionName=name, Runtime=runtime, Role=ROLE, Handler="f.f", Code={"ZipFile": code.getvalue()},
            **({"VpcConfig": {"SubnetIds": placed[name], "SecurityGroupIds": []}} if name in placed else {}),
        )  # fmt: skip
    client.add_permission(FunctionName="open", StatementId="a", Action="lambda:InvokeFunction", Principal="*")
    client.add_permission(
        FunctionName="s3", StatementId="a", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    client.add_permission(
        FunctionName="wide", StatementId="a", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
        SourceAccount=ACCOUNT,
    )  # fmt: skip
    function = {name: arn("lambda", f"function:{name}") for name in ("wide", "narrow", "open", "s3")}
    say("Lambda.1", good=[function["wide"], function["narrow"]], bad=[function["open"], function["s3"]])
    say("Lambda.2", good=[function[name] for name in ("wide", "open", "s3")], bad=[function["narrow"]])
    say("Lambda.5", good=[function["wide"]], bad=[function["narrow"]])


def ecs(aws: Aws, say: Sayings) -> None:
    client = aws("ecs")
    for name, value in (("watched", "enabled"), ("unwatched", "disabled")):
        client.create_cluster(clusterName=name, settings=[{"name": "containerInsights", "value": value}])
    say("ECS.12", good=[arn("ecs", "cluster/watched")], bad=[arn("ecs", "cluster/unwatched")])
    good = {
        "name": "app", "image": "x", "memory": 128, "readonlyRootFilesystem": True, "user": "1000",
        "logConfiguration": {"logDriver": "awslogs"}, "environment": [{"name": "STAGE", "value": "prod"}],
    }  # fmt: skip
    bad = {
        "name": "app", "image": "x", "memory": 128, "privileged": True,
        "environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "abc"}],
    }  # fmt: skip
    client.register_task_definition(family="task", containerDefinitions=[bad], pidMode="host")
    client.register_task_definition(family="task", containerDefinitions=[good], networkMode="host")
    client.register_task_definition(family="bad", containerDefinitions=[bad], pidMode="host")
    client.register_task_definition(family="root", networkMode="host", containerDefinitions=[good | {"user": "root"}])
    task = {name: arn("ecs", f"task-definition/{name}") for name in ("task:2", "bad:1", "root:1")}
    say("ECS.3 ECS.4 ECS.5 ECS.8 ECS.9", good=[task["task:2"], task["root:1"]], bad=[task["bad:1"]])
    say("ECS.1", good=[task["task:2"], task["bad:1"]], bad=[task["root:1"]])
    for name, public, version in (("inner", "DISABLED", "LATEST"), ("outer", "ENABLED", "1.3.0")):
        client.create_service(
            cluster="watched", serviceName=name, taskDefinition="task", desiredCount=0, launchType="FARGATE",
            platformVersion=version,
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": two_subnets(aws), "securityGroups": [], "assignPublicIp": public,
                }
            },
        )  # fmt: skip
    say("ECS.2 ECS.10", good=[arn("ecs", "service/watched/inner")], bad=[arn("ecs", "service/watched/outer")])


def ecr(aws: Aws, say: Sayings) -> None:
    client = aws("ecr")
    client.create_repository(
        repositoryName="good", imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}
    )
    client.create_repository(repositoryName="bad")
    client.put_lifecycle_policy(
        repositoryName="good",
        lifecyclePolicyText=json.dumps(
            {"rules": [{
                "rulePriority": 1, "action": {"type": "expire"},
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5},
            }]}
        ),
    )  # fmt: skip
    say("ECR.1 ECR.2 ECR.3", good=[arn("ecr", "repository/good")], bad=[arn("ecr", "repository/bad")])


def eks(aws: Aws, say: Sayings) -> None:
    client, subnets = aws("eks"), two_subnets(aws)
    client.create_cluster(
        name="good", roleArn=ROLE, version="1.35",
        resourcesVpcConfig={"subnetIds": subnets, "endpointPublicAccess": False, "endpointPrivateAccess": True},
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": arn("kms", "key/x")}}],
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
    )  # fmt: skip
    client.create_cluster(name="bad", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets})
    say("EKS.1 EKS.3 EKS.8", good=[arn("eks", "cluster/good")], bad=[arn("eks", "cluster/bad")])


def autoscaling(aws: Aws, say: Sayings) -> None:
    client, ec2 = aws("autoscaling"), aws("ec2")
    image = "ami-12c6146b"
    for name, options in (
        ("safe", {
            "AssociatePublicIpAddress": False,
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        }),
        ("loose", {
            "AssociatePublicIpAddress": True,
            "MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 3},
        }),
    ):  # fmt: skip
        client.create_launch_configuration(
            LaunchConfigurationName=name, ImageId=image, InstanceType="t3.micro", **options
        )
    found = client.describe_launch_configurations()["LaunchConfigurations"]
    made = {one["LaunchConfigurationName"]: one["LaunchConfigurationARN"] for one in found}
    say("AutoScaling.3 AutoScaling.4 AutoScaling.5", good=[made["safe"]], bad=[made["loose"]])
    ec2.create_launch_template(
        LaunchTemplateName="t-good",
        LaunchTemplateData={
            "ImageId": image, "InstanceType": "t3.micro", "MetadataOptions": {"HttpTokens": "required"},
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False}],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 8}}],
        },
    )  # fmt: skip
    ec2.create_launch_template(
        LaunchTemplateName="t-bad",
        LaunchTemplateData={
            "ImageId": image, "InstanceType": "t3.micro",
            "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": False, "VolumeSize": 8}}],
        },
    )  # fmt: skip
    templates = {one["LaunchTemplateName"]: one for one in ec2.describe_launch_templates()["LaunchTemplates"]}
    names = {name: arn("ec2", f"launch-template/{one['LaunchTemplateId']}") for name, one in templates.items()}
    say("EC2.25 EC2.170 EC2.181", good=[names["t-good"]], bad=[names["t-bad"]])
    size = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
    group = aws("elbv2").create_target_group(Name="tg", Protocol="HTTP", Port=80, VpcId=default_vpc(aws))
    target = group["TargetGroups"][0]["TargetGroupArn"]
    client.create_auto_scaling_group(
        AutoScalingGroupName="good", AvailabilityZones=[f"{REGION}a", f"{REGION}b"], HealthCheckType="ELB",
        TargetGroupARNs=[target], HealthCheckGracePeriod=60,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateName": "t-good", "Version": "$Latest"},
                "Overrides": [{"InstanceType": "t3.micro"}, {"InstanceType": "t3a.micro"}],
            }
        },
        **size,
    )  # fmt: skip
    client.create_auto_scaling_group(
        AutoScalingGroupName="bad", AvailabilityZones=[f"{REGION}a"], LaunchConfigurationName="loose",
        TargetGroupARNs=[target], **size,
    )  # fmt: skip
    found = client.describe_auto_scaling_groups()["AutoScalingGroups"]
    made = {one["AutoScalingGroupName"]: one["AutoScalingGroupARN"] for one in found}
    say("AutoScaling.1 AutoScaling.2 AutoScaling.6 AutoScaling.9", good=[made["good"]], bad=[made["bad"]])
