from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers

ARN = f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}"


@on_answers
def workgroups() -> Answers:
    """Moto has no Redshift Serverless."""

    def workgroup(name: str, **fields: Any) -> dict[str, Any]:
        return {"workgroupName": name, "workgroupArn": f"{ARN}:workgroup/{name}", "status": "AVAILABLE", **fields}

    def require_ssl(value: str) -> list[dict[str, str]]:
        return [
            {"parameterKey": "auto_mv", "parameterValue": "true"},
            {"parameterKey": "require_ssl", "parameterValue": value},
        ]

    careful = workgroup(
        "careful", publiclyAccessible=False, enhancedVpcRouting=True, configParameters=require_ssl("true")
    )
    careless = workgroup(
        "careless", publiclyAccessible=True, enhancedVpcRouting=False, configParameters=require_ssl("false")
    )
    return Answers(
        {"redshift-serverless.list_workgroups": {"workgroups": [careful, careless, workgroup("bare")]}},
        {
            "redshiftserverless_not_public": Expected(good=["careful", "bare"], bad=["careless"]),
            "redshiftserverless_enhanced_vpc_routing": Expected(good=["careful"], bad=["careless", "bare"]),
            "redshiftserverless_tls_required": Expected(good=["careful"], bad=["careless", "bare"]),
        },
    )


@on_answers
def namespaces() -> Answers:
    def namespace(name: str, **fields: Any) -> dict[str, Any]:
        return {"namespaceName": name, "namespaceArn": f"{ARN}:namespace/{name}", **fields}

    return Answers(
        {
            "redshift-serverless.list_namespaces": {
                "namespaces": [
                    namespace(
                        "careful", adminUsername="steward", dbName="sales",
                        logExports=["userlog", "connectionlog", "useractivitylog"],
                    ),
                    namespace("careless", adminUsername="admin", dbName="dev", logExports=["userlog"]),
                    namespace("bare"),
                ]
            }
        },
        {
            "redshiftserverless_custom_admin_name": Expected(good=["careful"], bad=["careless"]),
            "redshiftserverless_custom_database_name": Expected(good=["careful"], bad=["careless", "bare"]),
            "redshiftserverless_log_export": Expected(good=["careful"], bad=["careless", "bare"]),
        },
    )  # fmt: skip
