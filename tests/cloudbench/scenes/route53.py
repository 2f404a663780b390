from tests.cloudbench.scenes import ACCOUNT, REGION, Aws, Expected, Verdicts, on_moto


@on_moto()
def zones_logged_and_not(aws: Aws) -> Verdicts:
    route53, logs = aws("route53"), aws("logs", "us-east-1")
    vpc = aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    logs.create_log_group(logGroupName="/aws/route53/logged.example")

    def zone(name: str, **settings: object) -> str:
        made = route53.create_hosted_zone(Name=name, CallerReference=name, **settings)
        return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    logged, silent = zone("logged.example"), zone("silent.example")
    zone("inside.example", VPC={"VPCRegion": REGION, "VPCId": vpc}, HostedZoneConfig={"PrivateZone": True})
    route53.create_query_logging_config(
        HostedZoneId=logged,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/route53/logged.example:*",
    )
    return {"route53_public_zone_query_logging": Expected(good=[logged], bad=[silent])}
