from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto
from tests.cloudbench.scenes.cloudfront import distribution, listed, server

LOG = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-all"
SILENT = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
COUNTED = SILENT | {"CloudWatchMetricsEnabled": True}


def rule(name: str, metrics: dict[str, Any] = COUNTED) -> dict[str, Any]:
    statement = {"GeoMatchStatement": {"CountryCodes": ["AQ"]}}
    return {"Name": name, "Priority": 0, "Statement": statement, "Action": {"Block": {}}, "VisibilityConfig": metrics}


@on_moto(keep_defaults=True)
def acls_with_rules_logs_and_without(aws: Aws) -> Verdicts:
    wafv2 = aws("wafv2")

    def acl(name: str, *rules: dict[str, Any]) -> str:
        made = wafv2.create_web_acl(
            Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, Rules=rules, VisibilityConfig=COUNTED
        )
        return str(made["Summary"]["ARN"])

    full = acl("full", rule("one"))
    acl("empty")
    wafv2.put_logging_configuration(LoggingConfiguration={"ResourceArn": full, "LogDestinationConfigs": [LOG]})
    return {
        "wafv2_acl_has_rule": Expected(good=["full"], bad=["empty"]),
        "wafv2_acl_logging": Expected(good=["full"], bad=["empty"]),
    }


def acl_arn(name: str, region: str, scope: str) -> str:
    return f"arn:aws:wafv2:{region}:{ACCOUNT}:{scope}/webacl/{name}/{name}"


def by_scope(field: str, regional: list[Any], of_cloudfront: list[Any]) -> Any:
    return lambda params: {field: of_cloudfront if params["Scope"] == "CLOUDFRONT" else regional}


@on_answers
def acls_that_guard_something_and_nothing() -> Answers:
    regional = [
        {"Name": name, "Id": name, "ARN": acl_arn(name, REGION, "regional")}
        for name in ("of-balancer", "of-users", "idle")
    ]
    of_cloudfront = [
        {"Name": name, "Id": name, "ARN": acl_arn(name, "us-east-1", "global")}
        for name in ("of-distribution", "of-app", "front-idle")
    ]
    guarded = {
        (regional[0]["ARN"], "APPLICATION_LOAD_BALANCER"): "elasticloadbalancing:1:loadbalancer/app/a/1",
        (regional[1]["ARN"], "COGNITO_USER_POOL"): "cognito-idp:1:userpool/p",
        (of_cloudfront[1]["ARN"], "AMPLIFY"): "amplify:1:apps/a",
    }

    def resources(params: dict[str, Any]) -> dict[str, Any] | CallFailed:
        if params["ResourceType"] == "AGENTCORE_GATEWAY":  # not in this region
            reason = "Error reason: The parameter is not supported., field: RESOURCE_TYPE, parameter: AGENTCORE_GATEWAY"
            return CallFailed("WAFInvalidParameterException", reason, 400)
        found = guarded.get((params["WebACLArn"], params["ResourceType"]))
        return {"ResourceArns": [f"arn:aws:{found}"] if found else []}

    return Answers(
        says={
            "wafv2.list_web_acls": by_scope("WebACLs", regional, of_cloudfront),
            "wafv2.list_resources_for_web_acl": resources,
            "cloudfront.list_distributions": listed(
                distribution("D", server(), WebACLId=of_cloudfront[0]["ARN"]), distribution("OPEN", server())
            ),
        },
        verdicts={
            "wafv2_acl_associated": Expected(
                good=["of-balancer", "of-users", "of-distribution", "of-app"], bad=["idle", "front-idle"]
            )
        },
    )


@on_answers
def rules_of_firewall_manager_and_metrics() -> Answers:
    def acl(params: dict[str, Any]) -> dict[str, Any]:
        managed = {
            "Name": "org-rules",
            "Priority": 0,
            "FirewallManagerStatement": {},
            "OverrideAction": {"None": {}},
            "VisibilityConfig": COUNTED,
        }
        return {
            "WebACL": {
                "Name": params["Name"],
                "Id": params["Id"],
                "ARN": acl_arn(params["Name"], REGION, "regional"),
                "DefaultAction": {"Allow": {}},
                "VisibilityConfig": COUNTED,
                "PostProcessFirewallManagerRuleGroups": [managed] if "managed" in params["Name"] else [],
            }
        }

    groups: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
        "counted": (COUNTED, [rule("one")]),
        "silent": (SILENT, [rule("one")]),
        "partly": (COUNTED, [rule("one"), rule("two", SILENT)]),
        "front-counted": (COUNTED, []),
        "front-silent": (SILENT, []),
    }

    def rule_group(params: dict[str, Any]) -> dict[str, Any]:
        visibility, rules = groups[params["Name"]]
        return {
            "RuleGroup": {
                "Name": params["Name"],
                "Id": params["Id"],
                "Capacity": 10,
                "ARN": f"arn:aws:wafv2:::rulegroup/{params['Name']}",
                "Rules": rules,
                "VisibilityConfig": visibility,
            }
        }

    def summaries(kind: str, *names: str) -> list[dict[str, str]]:
        return [
            {"Name": name, "Id": name, "ARN": acl_arn(name, REGION, "regional").replace("webacl", kind)}
            for name in names
        ]

    return Answers(
        says={
            "wafv2.list_web_acls": by_scope(
                "WebACLs", summaries("webacl", "managed", "bare"), summaries("webacl", "front", "front-managed")
            ),
            "wafv2.list_logging_configurations": by_scope(
                "LoggingConfigurations",
                [{"ResourceArn": acl_arn("managed", REGION, "regional"), "LogDestinationConfigs": [LOG]}],
                [{"ResourceArn": acl_arn("front-managed", REGION, "regional"), "LogDestinationConfigs": [LOG]}],
            ),
            "wafv2.get_web_acl": acl,
            "wafv2.list_rule_groups": by_scope(
                "RuleGroups",
                summaries("rulegroup", "counted", "silent", "partly"),
                summaries("rulegroup", "front-counted", "front-silent"),
            ),
            "wafv2.get_rule_group": rule_group,
        },
        verdicts={
            "wafv2_acl_has_rule": Expected(good=["managed", "front-managed"], bad=["bare", "front"]),
            "wafv2_acl_logging": Expected(good=["managed", "front-managed"], bad=["bare", "front"]),
            "wafv2_rule_metrics_enabled": Expected(
                good=["counted", "front-counted"], bad=["silent", "partly", "front-silent"]
            ),
        },
    )
