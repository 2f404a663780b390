"""Messages, building, moving data."""

import json

from tests.cloudbench.fsbp_account.ground import FOREIGN, ROLE, Aws, Sayings, allow, arn, policy, two_subnets


def messages(aws: Aws, say: Sayings) -> None:
    sns, sqs = aws("sns"), aws("sqs")
    good = sns.create_topic(Name="good", Attributes={"KmsMasterKeyId": "alias/aws/sns"})["TopicArn"]
    bad = sns.create_topic(Name="bad")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=bad, AttributeName="Policy", AttributeValue=policy(allow("SNS:Publish", bad, Principal="*"))
    )
    say("SNS.1 SNS.4", good=[good], bad=[bad])
    sqs.create_queue(QueueName="good", Attributes={"SqsManagedSseEnabled": "true"})
    sqs.create_queue(QueueName="kms", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    url = sqs.create_queue(QueueName="bad", Attributes={"SqsManagedSseEnabled": "false"})["QueueUrl"]
    queue = {name: arn("sqs", name) for name in ("good", "kms", "bad")}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": policy(allow("sqs:SendMessage", queue["bad"], Principal={"AWS": "*"}))}
    )
    say("SQS.1 SQS.3", good=[queue["good"], queue["kms"]], bad=[queue["bad"]])
    kinesis = aws("kinesis")
    for name in ("good", "bad"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.start_stream_encryption(StreamName="good", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.increase_stream_retention_period(StreamName="good", RetentionPeriodHours=168)
    say("Kinesis.1 Kinesis.3", good=[arn("kinesis", "stream/good")], bad=[arn("kinesis", "stream/bad")])
    firehose = aws("firehose")
    for name, encryption in (("good", {"KeyType": "AWS_OWNED_CMK"}), ("bad", None)):
        firehose.create_delivery_stream(
            DeliveryStreamName=name, DeliveryStreamType="DirectPut",
            ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::fsbp-plain"},
            **({"DeliveryStreamEncryptionConfigurationInput": encryption} if encryption else {}),
        )  # fmt: skip
    say("DataFirehose.1", good=[arn("firehose", "deliverystream/good")], bad=[arn("firehose", "deliverystream/bad")])
    states = aws("stepfunctions")
    groups = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn("logs", "log-group:sfn:*")}}]
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}})
    for name, level in (("good", "ALL"), ("bad", "OFF")):
        states.create_state_machine(
            name=name, roleArn=ROLE, definition=definition,
            loggingConfiguration={"level": level, "destinations": groups if level == "ALL" else []},
        )  # fmt: skip
    say("StepFunctions.1", good=[arn("states", "stateMachine:good")], bad=[arn("states", "stateMachine:bad")])
    events = aws("events")
    events.create_event_bus(Name="said")
    events.create_event_bus(Name="unsaid")
    events.put_permission(EventBusName="said", Action="events:PutEvents", Principal=FOREIGN, StatementId="x")
    say("EventBridge.3", good=[arn("events", "event-bus/said")], bad=[arn("events", "event-bus/unsaid")])


def codebuild(aws: Aws, say: Sayings) -> None:
    client = aws("codebuild")
    base = {"artifacts": {"type": "NO_ARTIFACTS"}, "serviceRole": ROLE}
    machine = {"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"}
    logs = {"cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "ENABLED", "location": "b/x"}}
    no_logs = {"cloudWatchLogs": {"status": "DISABLED"}, "s3Logs": {"status": "DISABLED"}}
    client.create_project(
        name="good", source={"type": "GITHUB", "location": "https://github.com/a/b"}, logsConfig=logs, **base,
        environment=machine | {"environmentVariables": [{"name": "STAGE", "value": "prod", "type": "PLAINTEXT"}]},
    )  # fmt: skip
    client.create_project(
        name="bad", source={"type": "BITBUCKET", "location": "https://u:secret@bitbucket.org/a/b"}, logsConfig=no_logs,
        environment=machine | {"environmentVariables": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]}, **base,
    )  # fmt: skip
    client.create_project(
        name="bare", source={"type": "S3", "location": "b/x"}, environment=machine, **base,
        logsConfig={"s3Logs": {"status": "ENABLED", "location": "b/x", "encryptionDisabled": True}},
    )  # fmt: skip
    project = {name: arn("codebuild", f"project/{name}") for name in ("good", "bad", "bare")}
    say("CodeBuild.1 CodeBuild.2 CodeBuild.4", good=[project["good"], project["bare"]], bad=[project["bad"]])
    say("CodeBuild.3", good=[project["good"]], bad=[project["bare"]])


def dms(aws: Aws, say: Sayings) -> None:
    client = aws("dms")
    made = {
        name: client.create_replication_instance(
            ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.micro", PubliclyAccessible=not good,
            AutoMinorVersionUpgrade=good, MultiAZ=good,
        )["ReplicationInstance"]["ReplicationInstanceArn"]
        for name, good in (("good", True), ("bad", False))
    }  # fmt: skip
    say("DMS.1 DMS.6 DMS.13", good=[made["good"]], bad=[made["bad"]])
    ends = {
        name: client.create_endpoint(
            EndpointIdentifier=name, EndpointType="source", EngineName="mysql", SslMode=mode, Username="u",
            Password="p", ServerName="db", Port=3306,
        )["Endpoint"]["EndpointArn"]
        for name, mode in (("tls", "require"), ("plain", "none"))
    }  # fmt: skip
    say("DMS.9", good=[ends["tls"]], bad=[ends["plain"]])


def brokers(aws: Aws, say: Sayings) -> None:
    mq, kafka = aws("mq"), aws("kafka")
    made = {
        name: mq.create_broker(
            BrokerName=name, EngineType="ActiveMQ", EngineVersion="5.18", DeploymentMode="SINGLE_INSTANCE",
            HostInstanceType="mq.t3.micro", PubliclyAccessible=False, AutoMinorVersionUpgrade=good,
            Logs={"Audit": good, "General": True}, Users=[{"Username": "u", "Password": "notasecret12"}],
        )["BrokerArn"]
        for name, good in (("good", True), ("bad", False))
    }  # fmt: skip
    say("MQ.2 MQ.3", good=[made["good"]], bad=[made["bad"]])
    made = {}
    for name, good in (("good", True), ("bad", False)):
        made[name] = kafka.create_cluster_v2(
            ClusterName=name,
            Provisioned={
                "BrokerNodeGroupInfo": {
                    "InstanceType": "kafka.m5.large", "ClientSubnets": two_subnets(aws),
                    "ConnectivityInfo": {"PublicAccess": {"Type": "DISABLED" if good else "SERVICE_PROVIDED_EIPS"}},
                },
                "KafkaVersion": "3.8.x", "NumberOfBrokerNodes": 2,
                "ClientAuthentication": {
                    "Sasl": {"Iam": {"Enabled": good}}, "Unauthenticated": {"Enabled": not good},
                },
                "EncryptionInfo": {
                    "EncryptionInTransit": {"ClientBroker": "TLS" if good else "TLS_PLAINTEXT", "InCluster": True}
                },
            },
        )["ClusterArn"]  # fmt: skip
    say("MSK.4", good=[made["good"]], bad=[made["bad"]])


def moving(aws: Aws, say: Sayings) -> None:
    client = aws("dms")
    settings = {
        "good": {
            "Logging": {
                "EnableLogging": True,
                "LogComponents": [
                    {"Id": name, "Severity": "LOGGER_SEVERITY_DEFAULT"}
                    for name in ("SOURCE_CAPTURE", "SOURCE_UNLOAD", "TARGET_APPLY", "TARGET_LOAD")
                ],
            }
        },
        "bad": {"Logging": {"EnableLogging": False}},
    }
    made = {
        name: client.create_replication_task(
            ReplicationTaskIdentifier=name, SourceEndpointArn="arn:a", TargetEndpointArn="arn:b",
            ReplicationInstanceArn="arn:c", MigrationType="cdc", TableMappings="{}",
            ReplicationTaskSettings=json.dumps(told),
        )["ReplicationTask"]["ReplicationTaskArn"]
        for name, told in settings.items()
    }  # fmt: skip
    say("DMS.7 DMS.8", good=[made["good"]], bad=[made["bad"]])


def catalogs(aws: Aws, say: Sayings) -> None:
    client = aws("servicecatalog")
    made = [
        client.create_portfolio(DisplayName=name, ProviderName="x", IdempotencyToken=name)["PortfolioDetail"]
        for name in ("kept", "shared")
    ]
    client.create_portfolio_share(PortfolioId=made[1]["Id"], AccountId=FOREIGN)
    say("ServiceCatalog.1", good=[made[0]["ARN"]], bad=[made[1]["ARN"]])


def transfers(aws: Aws, say: Sayings) -> None:
    client = aws("datasync")
    ends = [
        client.create_location_s3(S3BucketArn=f"arn:aws:s3:::fsbp-{name}", S3Config={"BucketAccessRoleArn": ROLE})
        for name in ("good", "plain")
    ]
    ends_ = {"SourceLocationArn": ends[0]["LocationArn"], "DestinationLocationArn": ends[1]["LocationArn"]}
    group = {"CloudWatchLogGroupArn": arn("logs", "log-group:sync")}
    good = client.create_task(Name="good", Options={"LogLevel": "TRANSFER"}, **group, **ends_)["TaskArn"]
    bad = client.create_task(Name="bad", **ends_)["TaskArn"]
    say("DataSync.1", good=[good], bad=[bad])
