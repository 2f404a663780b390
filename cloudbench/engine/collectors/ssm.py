"""Systems Manager: compliance of managed nodes, own documents and who may use them, settings of each region."""

from collections.abc import Iterator

from cloudbench.engine.inventory import Data
from cloudbench.engine.registry import detail, listing


def _with_owner(answer: Data) -> Iterator[Data]:
    """Yield the summaries with what the ARN of an EC2 instance and of another managed node begins with."""
    for summary in answer["ResourceComplianceSummaryItems"]:
        of_ec2 = summary["ResourceId"].startswith("i-")
        yield {**summary, "service": "ec2" if of_ec2 else "ssm", "kind": "instance" if of_ec2 else "managed-instance"}


listing(
    "ssm.compliance_summaries",
    "ssm.list_resource_compliance_summaries",
    params={
        "Filters": [{"Key": "ComplianceType", "Values": ["Association", "Patch"], "Type": "EQUAL"}],
        "MaxResults": 50,
    },
    items=_with_owner,
    arn="arn:{partition}:{service}:{region}:{account}:{kind}/{ResourceId}",
    label="ResourceId",
    keep=("ResourceId", "ComplianceType", "Status", "OverallSeverity", "NonCompliantSummary", "ExecutionSummary"),
)
listing(
    "ssm.own_documents",
    "ssm.list_documents",
    params={"Filters": [{"Key": "Owner", "Values": ["Self"]}], "MaxResults": 50},
    items="DocumentIdentifiers",
    arn="arn:{partition}:ssm:{region}:{account}:document/{Name}",
    label="Name",
    keep=("Name", "DocumentType"),
)
detail(
    "ssm.document_shares",
    "ssm.describe_document_permission",
    of="ssm.own_documents",
    ask=lambda document: {"Name": document["Name"], "PermissionType": "Share"},
    keep=("AccountIds",),
    next_page=("NextToken", "NextToken"),
)


def _setting(name: str, setting_id: str) -> None:
    listing(
        name,
        "ssm.get_service_setting",
        params={"SettingId": setting_id},
        items="ServiceSetting",
        label="SettingId",
        keep=("SettingValue", "Status"),
        absent=("ServiceSettingNotFound",),
    )


_setting("ssm.automation_log_destination", "/ssm/automation/customer-script-log-destination")
_setting("ssm.public_sharing_permission", "/ssm/documents/console/public-sharing-permission")
