"""Identities and their policies. One paged call tells users, groups, roles and customer policies with all documents;
the credential report tells passwords, keys and MFA of every user. Nothing is asked user by user but last access.
"""

import csv
import io
import json
from collections.abc import Iterator
from functools import partial

from cloudbench.engine.inventory import Data, NotReady, Resource
from cloudbench.engine.registry import Scope, detail, listing

# --- Users, groups, roles and policies --------------------------------------------------------------------------------

_authorization_details = partial(
    listing,
    operation="iam.get_account_authorization_details",
    scope=Scope.GLOBAL,
    params={"Filter": ["User", "Group", "Role", "LocalManagedPolicy"], "MaxItems": 1000},
    arn="{Arn}",
)

_authorization_details(
    "iam.users",
    items="UserDetailList",
    label="UserName",
    keep=("UserName", "UserId", "Path", "CreateDate", "GroupList", "UserPolicyList", "AttachedManagedPolicies"),
)
_authorization_details(
    "iam.groups",
    items="GroupDetailList",
    label="GroupName",
    keep=("GroupName", "GroupId", "Path", "CreateDate", "GroupPolicyList", "AttachedManagedPolicies"),
)
_authorization_details(
    "iam.roles",
    items="RoleDetailList",
    label="RoleName",
    keep=(
        "RoleName",
        "RoleId",
        "Path",
        "CreateDate",
        "AssumeRolePolicyDocument",
        "RolePolicyList",
        "AttachedManagedPolicies",
        "RoleLastUsed",
    ),
)


def _default_documents(answer: Data) -> Iterator[Data]:
    """Give each customer policy the document of its default version; the other versions grant nothing."""
    for policy in answer.get("Policies", ()):
        version = next(one for one in policy["PolicyVersionList"] if one["IsDefaultVersion"])
        yield {**policy, "PolicyName": policy["Arn"].rpartition("/")[2], "Document": version["Document"]}


_authorization_details(
    "iam.customer_policies",
    items=_default_documents,
    label="PolicyName",
    keep=("PolicyName", "Path", "AttachmentCount", "PermissionsBoundaryUsageCount", "UpdateDate", "Document"),
)

# --- Credentials ------------------------------------------------------------------------------------------------------


def _report_rows(answer: Data) -> Iterator[Data]:
    """Return one row for each line of the report, root included; cells as AWS writes them, "N/A" and "true" too."""
    for line in csv.DictReader(io.StringIO(answer["Content"])):
        yield {name: value for name, value in line.items() if name}


listing(
    "iam.credential_report_requests",
    "iam.generate_credential_report",
    scope=Scope.GLOBAL,
    items="@",
    keep=("State",),
)
detail(
    "iam.credentials",
    "iam.get_credential_report",
    of="iam.credential_report_requests",
    ask=lambda request: {},
    items=_report_rows,
    again=("ReportInProgress", "ReportNotPresent", "ReportExpired"),
    arn="{arn}",
    label="user",
    keep=(
        "user",
        "user_creation_time",
        "password_enabled",
        "password_last_used",
        "password_last_changed",
        "mfa_active",
        "access_key_1_active",
        "access_key_1_last_rotated",
        "access_key_1_last_used_date",
        "access_key_2_active",
        "access_key_2_last_rotated",
        "access_key_2_last_used_date",
    ),
)

# --- The account ------------------------------------------------------------------------------------------------------

listing(
    "iam.account_summary",
    "iam.get_account_summary",
    scope=Scope.GLOBAL,
    items="SummaryMap",
    keep=("AccountAccessKeysPresent", "AccountMFAEnabled", "AccountPasswordPresent", "Users", "Groups", "Roles"),
)
listing(
    "iam.virtual_mfa_devices",
    "iam.list_virtual_mfa_devices",
    scope=Scope.GLOBAL,
    params={"AssignmentStatus": "Assigned"},
    items="VirtualMFADevices[].{SerialNumber: SerialNumber, UserArn: User.Arn, EnableDate: EnableDate}",
    arn="{SerialNumber}",
)
listing(
    "iam.password_policy",
    "iam.get_account_password_policy",
    scope=Scope.GLOBAL,
    items="PasswordPolicy",
    absent=("NoSuchEntity",),
)
listing(
    "iam.saml_providers",
    "iam.list_saml_providers",
    scope=Scope.GLOBAL,
    items="SAMLProviderList",
    arn="{Arn}",
    keep=("Arn", "ValidUntil", "CreateDate"),
)
listing(
    "iam.oidc_providers",
    "iam.list_open_id_connect_providers",
    scope=Scope.GLOBAL,
    items="OpenIDConnectProviderList",
    arn="{Arn}",
    keep=("Arn",),
)
listing(
    "iam.server_certificates",
    "iam.list_server_certificates",
    scope=Scope.GLOBAL,
    items="ServerCertificateMetadataList",
    arn="{Arn}",
    label="ServerCertificateName",
    keep=("ServerCertificateName", "ServerCertificateId", "Path", "UploadDate", "Expiration"),
)

# --- Last access to AI services ---------------------------------------------------------------------------------------

AI_SERVICES = ("bedrock", "sagemaker")
SERVICE_LINKED = "/aws-service-role/"

WITHOUT_AI = frozenset(
    {
        "AWSCodeDeployRole",
        "AWSCodeDeployRoleForECS",
        "AWSCodeDeployRoleForLambda",
        "AWSGlueServiceRole",
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaKinesisExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "AWS_ConfigRole",
        "AmazonAPIGatewayPushToCloudWatchLogs",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEC2ContainerServiceforEC2Role",
        "AmazonECSTaskExecutionRolePolicy",
        "AmazonEKSClusterPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonRDSEnhancedMonitoringRole",
        "AmazonSSMManagedInstanceCore",
        "AmazonSSMPatchAssociation",
        "CloudWatchAgentServerPolicy",
    }
)
"""Policies of AWS, common on roles of machines and functions, that allow nothing in AI_SERVICES."""


def _may_use_ai(principal: Resource) -> bool:
    """Return whether a user or role can have access to an AI service, as far as its own row tells.

    What stands in groups and in customer policies is not in the row: those who have any may.
    """
    if principal.get("Path") and principal["Path"].startswith(SERVICE_LINKED):
        return False
    attached = [policy["PolicyArn"] for policy in principal.get("AttachedManagedPolicies", ())]
    inline = [*principal.get("UserPolicyList", ()), *principal.get("RolePolicyList", ())]
    return (
        bool(principal.get("GroupList"))
        or any(":iam::aws:" not in arn or arn.rpartition("/")[2] not in WITHOUT_AI for arn in attached)
        or any(_names_ai(policy["PolicyDocument"]) for policy in inline)
    )


def _names_ai(document: Data | str) -> bool:
    """Return whether an Allow statement has NotAction, or an action of an AI service or of all services."""
    parsed = json.loads(document) if isinstance(document, str) else document
    found = parsed.get("Statement", ())
    allowed = [one for one in ([found] if isinstance(found, dict) else found) if one.get("Effect") == "Allow"]
    actions = [one.get("Action", "*") for one in allowed]
    patterns = [pattern for many in actions for pattern in ([many] if isinstance(many, str) else many)]
    services = {pattern.lower().partition(":")[0] for pattern in patterns}
    return any(set(name) & set("*?") or name in AI_SERVICES for name in services)


def _ai_services(answer: Data) -> list[Data]:
    """Return the AI services that the principal is allowed.

    Raises NotReady while AWS is at it, ValueError if its job failed.
    """
    if answer["JobStatus"] == "IN_PROGRESS":
        raise NotReady
    if answer["JobStatus"] != "COMPLETED":
        raise ValueError(f"the job ended as {answer['JobStatus']}")
    return [service for service in answer["ServicesLastAccessed"] if service["ServiceNamespace"] in AI_SERVICES]


def _this_job(job: Resource) -> Data:
    return {"JobId": job["JobId"]}


def _this_principal(principal: Resource) -> Data:
    return {"Arn": principal.arn}


for _kind in ("user", "role"):
    detail(
        f"iam.{_kind}_access_jobs",
        "iam.generate_service_last_accessed_details",
        of=f"iam.{_kind}s",
        ask=_this_principal,
        when=_may_use_ai,
        keep=("JobId",),
    )
    detail(
        f"iam.{_kind}_ai_access",
        "iam.get_service_last_accessed_details",
        of=f"iam.{_kind}_access_jobs",
        ask=_this_job,
        params={"MaxItems": 1000},
        items=_ai_services,
        next_page=("Marker", "Marker"),
        keep=("ServiceNamespace", "ServiceName", "LastAuthenticated"),
    )
