from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@on_moto()
def documents(aws: Aws) -> Verdicts:
    ssm = aws("ssm")
    content = '{"schemaVersion": "2.2", "description": "d", "mainSteps": []}'
    for name in ("private", "shared", "public"):
        ssm.create_document(Name=name, Content=content, DocumentType="Command", DocumentFormat="JSON")
    ssm.modify_document_permission(Name="shared", PermissionType="Share", AccountIdsToAdd=["111122223333"])
    ssm.modify_document_permission(Name="public", PermissionType="Share", AccountIdsToAdd=["All"])
    return {"ssm_document_not_public": Expected(good=["private", "shared"], bad=["public"])}


@on_answers
def a_public_document_on_the_second_page() -> Answers:
    def shares(params: Any) -> dict[str, Any]:
        return {"AccountIds": ["all"]} if "NextToken" in params else {"AccountIds": ["111122223333"], "NextToken": "2"}

    return Answers(
        says={
            "ssm.list_documents": {"DocumentIdentifiers": [{"Name": "long", "Owner": ACCOUNT}]},
            "ssm.describe_document_permission": shares,
        },
        verdicts={"ssm_document_not_public": Expected(bad=["long"])},
    )


@on_answers
def managed_nodes() -> Answers:
    def summary(node: str, kind: str, status: str, faults: int = 0) -> dict[str, Any]:
        return {
            "ResourceId": node,
            "ResourceType": "ManagedInstance",
            "ComplianceType": kind,
            "Status": status,
            "NonCompliantSummary": {"NonCompliantCount": faults},
        }

    return Answers(
        says={
            "ssm.list_resource_compliance_summaries": {
                "ResourceComplianceSummaryItems": [
                    summary("i-1", "Patch", "COMPLIANT"),
                    summary("i-1", "Association", "NON_COMPLIANT", 2),
                    summary("mi-2", "Patch", "NON_COMPLIANT"),
                    summary("mi-2", "Association", "COMPLIANT"),
                ]
            }
        },
        verdicts={
            "ssm_patch_compliance": Expected(
                good=[f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1"],
                bad=[f"arn:aws:ssm:{REGION}:{ACCOUNT}:managed-instance/mi-2"],
            ),
            "ssm_association_compliance": Expected(good=["mi-2"], bad=["i-1"]),
        },
    )


def _settings(**values: str | None) -> Answers:
    """Return what AWS says of the two settings; None: it says there is no such setting."""

    def setting(params: Any) -> Any:
        value = values["log" if "log" in params["SettingId"] else "sharing"]
        if value is None:
            return CallFailed("ServiceSettingNotFound", "not found", 400)
        return {"ServiceSetting": {"SettingId": params["SettingId"], "SettingValue": value}}

    expected = Expected(good=[ROOT]) if values["log"] == "CloudWatch" else Expected(bad=[ROOT])
    return Answers(
        says={"ssm.get_service_setting": setting},
        verdicts={"ssm_automation_logging": expected, "ssm_document_block_public_sharing": expected},
    )


@on_answers
def a_region_with_good_settings() -> Answers:
    return _settings(log="CloudWatch", sharing="Disable")


@on_answers
def a_region_with_default_settings() -> Answers:
    return _settings(log="None", sharing="Enable")


@on_answers
def a_region_without_settings() -> Answers:
    return _settings(log=None, sharing=None)
