"""What must hold of Systems Manager: compliance of managed nodes, documents, settings of each region."""

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import EACH_REGION, View, check

EVERYONE = "all"
MOST_NAMED = 3


@check("ssm_patch_compliance", over="ssm.compliance_summaries")
def is_patched(summary: Resource, view: View) -> Verdict | None:
    """Fail a managed node that lacks patches or could not install them.

    Nodes on which Patch Manager never ran have no summary and are left out. Source: ListResourceComplianceSummaries of
    type Patch, Status.
    """
    return _compliance(summary, "Patch", "Its patches are as its patch baseline asks.", "patches are missing or failed")


@check("ssm_association_compliance", over="ssm.compliance_summaries")
def is_as_associated(summary: Resource, view: View) -> Verdict | None:
    """Fail a managed node on which an association of State Manager did not succeed.

    Nodes without associations have no summary and are left out. Source: ListResourceComplianceSummaries of type
    Association, Status.
    """
    return _compliance(summary, "Association", "Its associations succeeded.", "associations did not succeed")


def _compliance(summary: Resource, kind: str, good: str, bad: str) -> Verdict | None:
    if summary["ComplianceType"] != kind:
        return None
    count = (summary.get("NonCompliantSummary") or {}).get("NonCompliantCount", 0)
    return verdict(
        summary["Status"] == "COMPLIANT",
        good,
        f"{count} {bad}." if count else f"Some {bad}.",
        Status=summary["Status"],
        NonCompliantCount=count,
        OverallSeverity=summary.get("OverallSeverity", "UNSPECIFIED"),
    )


@check("ssm_document_not_public", over="ssm.own_documents", reads=("ssm.document_shares",))
def is_not_public(document: Resource, view: View) -> Verdict:
    """Fail an own document that every AWS account may use. Source: DescribeDocumentPermission, AccountIds ("all")."""
    shares = view.all_of("ssm.document_shares", document)
    accounts = sorted({account for share in shares for account in share.get("AccountIds") or ()}, key=str.lower)
    if EVERYONE in {account.lower() for account in accounts}:
        return failed("Every AWS account may read and run it.", AccountIds=[EVERYONE])
    more = f" and {len(accounts) - MOST_NAMED} more" if len(accounts) > MOST_NAMED else ""
    whom = f"It is shared with {', '.join(accounts[:MOST_NAMED])}{more}." if accounts else "It is not shared."
    return passed(whom, AccountIds=accounts)


@check("ssm_automation_logging", over=EACH_REGION, reads=("ssm.automation_log_destination",))
def automation_is_logged(region: Resource, view: View) -> Verdict:
    """Fail each region in which scripts of automations write no log to CloudWatch.

    Source: GetServiceSetting /ssm/automation/customer-script-log-destination, SettingValue ("CloudWatch", else none).
    """
    value = _value(view.in_region("ssm.automation_log_destination", region.region))
    return verdict(
        value.lower() == "cloudwatch",
        "Scripts of automations log to CloudWatch.",
        "Scripts of automations are not logged to CloudWatch.",
        SettingValue=value,
    )


@check("ssm_document_block_public_sharing", over=EACH_REGION, reads=("ssm.public_sharing_permission",))
def public_sharing_is_blocked(region: Resource, view: View) -> Verdict:
    """Fail each region in which documents may be made public.

    Source: GetServiceSetting /ssm/documents/console/public-sharing-permission, SettingValue (Enable when never set).
    """
    value = _value(view.in_region("ssm.public_sharing_permission", region.region)) or "Enable"
    return verdict(
        value.lower() == "disable",
        "Documents cannot be made public.",
        "Documents can be shared with every AWS account.",
        SettingValue=value,
    )


def _value(settings: list[Resource]) -> str:
    return str(settings[0].get("SettingValue") or "") if settings else ""
