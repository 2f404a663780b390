"""Who watches and records; what stands alone."""

import json

from tests.cloudbench.fsbp_account.ground import ACCOUNT, ROLE, ROOT, Aws, Sayings, arn, two_subnets


def watching(aws: Aws, say: Sayings) -> None:
    say("GuardDuty.1", good=[ROOT])
    aws("guardduty").create_detector(
        Enable=True,
        Features=[{"Name": "S3_DATA_EVENTS", "Status": "ENABLED"}, {"Name": "RDS_LOGIN_EVENTS", "Status": "DISABLED"}],
    )
    say("GuardDuty.10", good=[ROOT])
    say("GuardDuty.9", bad=[ROOT])
    say("Inspector.1 Inspector.2 Inspector.3 Inspector.4 Account.1", bad=[ROOT])
    say("GuardDuty.5 GuardDuty.6 GuardDuty.7 GuardDuty.8 GuardDuty.11 GuardDuty.12 GuardDuty.13", bad=[ROOT])
    aws("macie2").disable_macie()  # moto has it on from the start
    say("Macie.1", bad=[ROOT])


def others(aws: Aws, say: Sayings) -> None:
    glue = aws("glue")
    for name, version in (("good", "4.0"), ("bad", "2.0")):
        glue.create_job(
            Name=name, Role=ROLE, GlueVersion=version, Command={"Name": "glueetl", "ScriptLocation": "s3://x"}
        )
    say("Glue.4", good=[arn("glue", "job/good")], bad=[arn("glue", "job/bad")])
    route53 = aws("route53")
    group = arn("logs", "log-group:good")
    aws("logs").create_log_group(logGroupName="good")
    zones = {
        name: route53.create_hosted_zone(Name=f"{name}.example", CallerReference=name)["HostedZone"]["Id"].split("/")[
            -1
        ]
        for name in ("good", "bad")
    }
    route53.create_query_logging_config(HostedZoneId=zones["good"], CloudWatchLogsLogGroupArn=f"{group}:*")
    say(
        "Route53.2",
        good=[f"arn:aws:route53:::hostedzone/{zones['good']}"],
        bad=[f"arn:aws:route53:::hostedzone/{zones['bad']}"],
    )
    athena = aws("athena")
    athena.create_work_group(Name="measured", Configuration={"PublishCloudWatchMetricsEnabled": True})
    athena.create_work_group(Name="silent", Configuration={"PublishCloudWatchMetricsEnabled": False})
    say("Athena.4", good=[arn("athena", "workgroup/measured")], bad=[arn("athena", "workgroup/silent")])
    cloudformation = aws("cloudformation")
    template = json.dumps(
        {"Resources": {"x": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Path": "/", "Roles": []}}}}
    )
    told = cloudformation.create_stack(StackName="told", TemplateBody=template, NotificationARNs=[arn("sns", "good")])
    quiet = cloudformation.create_stack(StackName="quiet", TemplateBody=template)
    say("CloudFormation.1", good=[told["StackId"]], bad=[quiet["StackId"]])
    cognito = aws("cognito-idp")
    strong = {
        "MinimumLength": 12, "RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True,
        "RequireSymbols": True, "TemporaryPasswordValidityDays": 3,
    }  # fmt: skip
    pools = {
        name: cognito.create_user_pool(
            PoolName=name, Policies={"PasswordPolicy": rules}, UserPoolAddOns={"AdvancedSecurityMode": mode}
        )["UserPool"]["Arn"]
        for name, rules, mode in (("good", strong, "ENFORCED"), ("bad", strong | {"MinimumLength": 6}, "AUDIT"))
    }
    say("Cognito.1 Cognito.3", good=[pools["good"]], bad=[pools["bad"]])
    identity = aws("cognito-identity")
    ids = {
        name: identity.create_identity_pool(IdentityPoolName=name, AllowUnauthenticatedIdentities=guests)[
            "IdentityPoolId"
        ]
        for name, guests in (("members", False), ("guests", True))
    }
    base = "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/"
    say("Cognito.2", good=[base + ids["members"]], bad=[base + ids["guests"]])
    sagemaker = aws("sagemaker")
    sagemaker.create_notebook_instance(
        NotebookInstanceName="good", InstanceType="ml.t3.medium", RoleArn=ROLE, DirectInternetAccess="Disabled",
        RootAccess="Disabled", SubnetId=two_subnets(aws)[0], PlatformIdentifier="notebook-al2023-v1",
    )  # fmt: skip
    sagemaker.create_notebook_instance(NotebookInstanceName="bad", InstanceType="ml.t3.medium", RoleArn=ROLE)
    note = "notebook-instance/"
    for n in (1, 2, 3):
        say(f"SageMaker.{n}", good=[arn("sagemaker", note + "good")], bad=[arn("sagemaker", note + "bad")])
    for name, isolated in (("good", True), ("bad", False)):
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "x"})
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "a",
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1 + isolated,
                }
            ],
        )
    say("SageMaker.4", good=[arn("sagemaker", "endpoint-config/good")], bad=[arn("sagemaker", "endpoint-config/bad")])
    emr = aws("emr")
    for name, enabled in (("good", True), ("bad", False)):
        emr.create_security_configuration(
            Name=name,
            SecurityConfiguration=json.dumps(
                {"EncryptionConfiguration": {"EnableAtRestEncryption": enabled, "EnableInTransitEncryption": enabled}}
            ),
        )
    ssm = aws("ssm")
    for name in ("own", "shared"):
        ssm.create_document(
            Name=name, DocumentType="Command", DocumentFormat="JSON",
            Content=json.dumps({"schemaVersion": "2.2", "description": "x", "mainSteps": []}),
        )  # fmt: skip
    ssm.modify_document_permission(Name="shared", PermissionType="Share", AccountIdsToAdd=["all"])
    say("SSM.4", good=[arn("ssm", "document/own")], bad=[arn("ssm", "document/shared")])


def trails(aws: Aws, say: Sayings) -> None:
    client = aws("cloudtrail")
    bucket = {"S3BucketName": "fsbp-plain"}
    logs = {"CloudWatchLogsLogGroupArn": arn("logs", "log-group:trail:*"), "CloudWatchLogsRoleArn": ROLE}
    client.create_trail(
        Name="good", IsMultiRegionTrail=True, EnableLogFileValidation=True, KmsKeyId="alias/trail", **bucket, **logs
    )
    client.create_trail(Name="bad", EnableLogFileValidation=False, **bucket)
    client.start_logging(Name="good")
    good, bad = arn("cloudtrail", "trail/good"), arn("cloudtrail", "trail/bad")
    say("CloudTrail.1", good=[ROOT])
    say("CloudTrail.2 CloudTrail.4 CloudTrail.5", good=[good], bad=[bad])


def recorder(aws: Aws, say: Sayings) -> None:
    client = aws("config")
    client.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        }
    )
    client.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "fsbp-plain"})
    client.start_configuration_recorder(ConfigurationRecorderName="default")
    say("Config.1", good=[ROOT])
