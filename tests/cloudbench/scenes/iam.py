import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cloudbench.scenes import ACCOUNT, Answers, Aws, Expected, Verdicts, on_answers, on_moto

NOON = datetime(2025, 6, 30, 12, 0, tzinfo=UTC)
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


TRUST = json.dumps(
    document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
)

# --- Users, groups and roles ------------------------------------------------------------------------------------------


@on_moto()
def users_groups_and_roles(aws: Aws) -> Verdicts:
    iam = aws("iam")
    for user in ("grouped", "alone", "inlined", "attached"):
        iam.create_user(UserName=user)
    for group in ("staff", "empty"):
        iam.create_group(GroupName=group)
    for user in ("grouped", "inlined"):
        iam.add_user_to_group(UserName=user, GroupName="staff")
    for role in ("plain", "inlined-role"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    read = json.dumps(document(allow("s3:GetObject", "arn:aws:s3:::reports/*")))
    iam.put_user_policy(UserName="inlined", PolicyName="read", PolicyDocument=read)
    iam.put_group_policy(GroupName="staff", PolicyName="read", PolicyDocument=read)
    iam.put_role_policy(RoleName="inlined-role", PolicyName="read", PolicyDocument=read)
    arns = {}
    for name in ("for-role", "for-user", "for-none"):
        arns[name] = iam.create_policy(PolicyName=name, PolicyDocument=read)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="attached", PolicyArn=arns["for-user"])
    iam.attach_role_policy(RoleName="plain", PolicyArn=arns["for-role"])
    return {
        "iam_user_in_group": Expected(good=["grouped", "inlined"], bad=["alone", "attached"]),
        "iam_group_has_users": Expected(good=["staff"], bad=["empty"]),
        "iam_user_no_attached_policies": Expected(good=["grouped", "alone"], bad=["inlined", "attached"]),
        "iam_no_inline_policies": Expected(
            good=["grouped", "alone", "attached", "empty", "plain"], bad=["inlined", "staff", "inlined-role"]
        ),
        "iam_customer_policy_attached_to_role": Expected(good=["for-role"], bad=["for-user", "for-none"]),
        "iam_customer_policy_in_use": Expected(good=["for-role", "for-user"], bad=["for-none"]),
        "cloudwatch_cross_account_sharing_disabled": Expected(good=[ROOT]),
    }


@on_moto()
def monitoring_is_shared(aws: Aws) -> Verdicts:
    aws("iam").create_role(RoleName="CloudWatch-CrossAccountSharingRole", AssumeRolePolicyDocument=TRUST)
    return {
        "cloudwatch_cross_account_sharing_disabled": Expected(bad=["CloudWatch-CrossAccountSharingRole"]),
        "iam_support_role_exists": Expected(bad=[ROOT]),
        "iam_cloudshell_full_access_restricted": Expected(good=["CloudWatch-CrossAccountSharingRole"]),
        "iam_no_admin_policy_attached": Expected(good=["AdministratorAccess"]),
    }


def attachment(name: str, prefix: str = "") -> dict[str, str]:
    return {"PolicyName": name, "PolicyArn": f"arn:aws:iam::aws:policy/{prefix}{name}"}


def user(name: str, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    named = {"UserName": name, "UserId": "AIDAEXAMPLEEXAMPLE00", "Path": "/", "Arn": arn, "GroupList": []}
    return {**named, "CreateDate": NOON - timedelta(days=400), "AttachedManagedPolicies": [], **more}


def role(name: str, path: str = "/", **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
    named = {"RoleName": name, "RoleId": "AROAEXAMPLEEXAMPLE00", "Path": path, "Arn": arn, "RolePolicyList": []}
    return {**named, "CreateDate": NOON - timedelta(days=400), "AttachedManagedPolicies": [], **more}


def policy(name: str, *statements: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    old = {"VersionId": "v1", "IsDefaultVersion": False, "Document": json.dumps(document(allow("*")))}
    now = {"VersionId": "v2", "IsDefaultVersion": True, "Document": json.dumps(document(*statements))}
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{name}"
    return {"PolicyName": name, "Path": "/", "Arn": arn, "PolicyVersionList": [old, now], "AttachmentCount": 0, **more}


def details(**lists: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what GetAccountAuthorizationDetails answers."""
    empty: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    return {"iam.get_account_authorization_details": {**empty, **lists, "IsTruncated": False}}


@on_answers
def policies_of_aws_are_attached() -> Answers:
    says = details(
        UserDetailList=[user("admin", AttachedManagedPolicies=[attachment("AdministratorAccess")])],
        RoleDetailList=[
            role("support", AttachedManagedPolicies=[attachment("AWSSupportAccess")]),
            role("shell", AttachedManagedPolicies=[attachment("AWSCloudShellFullAccess")]),
        ],
        Policies=[
            policy("bound", allow("s3:GetObject"), PermissionsBoundaryUsageCount=1),
            policy("idle", allow("s3:GetObject"), PermissionsBoundaryUsageCount=0),
        ],
    )
    verdicts = {
        "iam_no_admin_policy": Expected(good=["bound", "idle"], bad=["AdministratorAccess"]),
        "iam_support_role_exists": Expected(good=[ROOT]),
        "iam_no_admin_policy_attached": Expected(bad=["AdministratorAccess"]),
        "iam_cloudshell_full_access_restricted": Expected(good=["admin", "support"], bad=["shell"]),
        "iam_customer_policy_in_use": Expected(good=["bound"], bad=["idle"]),
    }
    return Answers(says, verdicts, at=NOON)


@on_answers
def support_of_a_user_is_no_support_role() -> Answers:
    says = details(UserDetailList=[user("helper", AttachedManagedPolicies=[attachment("AWSSupportAccess")])])
    return Answers(says, {"iam_support_role_exists": Expected(bad=[ROOT])}, at=NOON)


# --- What policies grant ----------------------------------------------------------------------------------------------

DENY_TRAIL = {"Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*"}
GRANTS: dict[str, list[dict[str, Any]]] = {
    "read": [allow(["s3:GetObject", "s3:List*"], "arn:aws:s3:::reports*")],
    "everything": [allow("*")],
    "everything-in-s3": [allow("*", "arn:aws:s3:::reports/*")],
    "computing": [allow(["ec2:*"])],
    "trails": [allow("cloudtrail:*")],
    "trails-guarded": [allow(["cloudtrail:Get*", "cloudtrail:*Trail", "cloudtrail:S*"]), DENY_TRAIL],
    "all-but-iam": [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
    "shopping": [allow("aws-marketplace:Subscribe")],
    "shopping-one": [allow("aws-marketplace:Subscribe", "arn:aws:aws-marketplace:us-east-1:1:product/a")],
    "deploy": [
        allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/app"),
        allow(["lambda:CreateFunction", "lambda:InvokeFunction"]),
    ],
    "pass-any": [allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/*"), allow("ec2:RunInstances")],
    "own-keys": [allow("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}")],
    "any-keys": [allow("iam:Create*")],
    "within-bounds": [
        allow("iam:PutRolePolicy", Condition={"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::1:policy/b"}})
    ],
    "any-policy-but-one": [
        allow("iam:AttachRolePolicy", Condition={"ArnNotEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/A"}})
    ],
    "no-refused-keys": [
        allow("iam:CreateAccessKey"),
        {"Effect": "Deny", "Action": "iam:*AccessKey", "Resource": "*"},
    ],
}


def others(*names: str) -> list[str]:
    return [name for name in GRANTS if name not in names]


ADMIN = ("everything",)
WILD = ("everything", "everything-in-s3", "computing", "trails", "all-but-iam")
TRAIL = ("everything", "trails", "all-but-iam")
SHOP = ("everything", "shopping", "all-but-iam")
UP = ("everything", "pass-any", "any-keys", "any-policy-but-one", "all-but-iam")


@on_moto()
def customer_policies_and_what_they_grant(aws: Aws) -> Verdicts:
    iam = aws("iam")
    for name, statements in GRANTS.items():
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document(*statements)))
    return {
        "iam_no_admin_policy": Expected(good=others(*ADMIN), bad=ADMIN),
        "iam_customer_policy_no_service_wildcard": Expected(good=others(*WILD), bad=WILD),
        "iam_policy_no_full_cloudtrail_access": Expected(good=others(*TRAIL), bad=TRAIL),
        "iam_policy_no_marketplace_wildcard": Expected(good=others(*SHOP), bad=SHOP),
        "iam_no_privilege_escalation_paths": Expected(good=others(*UP), bad=UP),
    }


@on_moto()
def policies_that_somebody_has(aws: Aws) -> Verdicts:
    iam = aws("iam")
    iam.create_group(GroupName="staff")
    iam.create_role(RoleName="job", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="job", PolicyName="inline", PolicyDocument=json.dumps(document(allow("*"))))
    for name in ("everything", "everything-in-s3", "computing", "read", "trails-guarded"):
        written = json.dumps(document(*GRANTS[name]))
        arn = iam.create_policy(PolicyName=name, PolicyDocument=written)["Policy"]["Arn"]
        if name == "everything":
            iam.attach_group_policy(GroupName="staff", PolicyArn=arn)
        elif name != "trails-guarded":
            iam.attach_role_policy(RoleName="job", PolicyArn=arn)
    spare = json.dumps(document(allow(["ec2:*", "*"])))
    iam.create_policy(PolicyName="for-nobody", PolicyDocument=spare)
    good = ["AdministratorAccess", "everything-in-s3", "computing", "read"]
    return {"iam_no_admin_policy_attached": Expected(good=good, bad=["everything"])}


@on_moto()
def inline_policies_and_what_they_grant(aws: Aws) -> Verdicts:
    iam = aws("iam")
    iam.create_user(UserName="nothing")
    for name, statements in GRANTS.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(document(*statements)))
    iam.create_group(GroupName="in-two-parts")
    for name, action in (("one", "iam:PassRole"), ("two", "glue:CreateDevEndpoint")):
        parts = json.dumps(document(allow(action)))
        iam.put_group_policy(GroupName="in-two-parts", PolicyName=name, PolicyDocument=parts)
    two = ["in-two-parts"]
    return {
        "iam_no_admin_policy": Expected(good=others(*ADMIN) + two, bad=ADMIN),
        "iam_policy_no_full_cloudtrail_access": Expected(good=others(*TRAIL) + two, bad=TRAIL),
        "iam_policy_no_marketplace_wildcard": Expected(good=others(*SHOP) + two, bad=SHOP),
        "iam_no_privilege_escalation_paths": Expected(good=others(*UP), bad=[*UP, *two]),
    }


# --- Access to AI services --------------------------------------------------------------------------------------------


def accessed(**days: int | None) -> dict[str, Any]:
    """Return what AWS says of a principal that used each of these services so many days ago, or never."""
    services = [
        {"ServiceName": name.title(), "ServiceNamespace": name}
        | ({} if since is None else {"LastAuthenticated": NOON - timedelta(days=since)})
        for name, since in days.items()
    ]
    times = {"JobCreationDate": NOON, "JobCompletionDate": NOON}
    return {"JobStatus": "COMPLETED", "ServicesLastAccessed": services, "IsTruncated": False, **times}


PENDING = {"JobStatus": "IN_PROGRESS", "JobCreationDate": NOON, "ServicesLastAccessed": [], "JobCompletionDate": NOON}


@on_answers
def access_to_ai_services() -> Answers:
    used = {
        "fresh": accessed(s3=1, bedrock=60, sagemaker=90),
        "stale": accessed(bedrock=61),
        "half-stale": accessed(bedrock=3, sagemaker=91),
        "never": accessed(bedrock=None),
        "new": accessed(bedrock=None),
        "without": accessed(s3=1, ec2=None),
        "group-member": accessed(sagemaker=5),
    }
    own = [{"PolicyName": "own", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/own"}]
    bedrock = [{"PolicyName": "ai", "PolicyDocument": json.dumps(document(allow("bedrock:Invoke*")))}]
    buckets = [{"PolicyName": "s3", "PolicyDocument": json.dumps(document(allow("s3:*")))}]
    waits = {"stale": 2}

    def job(params: Mapping[str, Any]) -> dict[str, Any]:
        return {"JobId": params["Arn"].rpartition("/")[2].ljust(36, ".")}

    def outcome(params: Mapping[str, Any]) -> dict[str, Any]:
        name = params["JobId"].rstrip(".")
        waits[name] = waits.get(name, 0) - 1
        return PENDING if waits[name] >= 0 else used[name]

    says = details(
        UserDetailList=[
            user("fresh", AttachedManagedPolicies=own),
            user("new", UserPolicyList=bedrock, CreateDate=NOON - timedelta(days=9)),
            user("group-member", GroupList=["staff"]),
            user("powerless", UserPolicyList=buckets),
        ],
        RoleDetailList=[
            role("stale", AttachedManagedPolicies=[attachment("PowerUserAccess")]),
            role("half-stale", RolePolicyList=bedrock),
            role("never", AttachedManagedPolicies=own),
            role("without", AttachedManagedPolicies=own),
            role("function", AttachedManagedPolicies=[attachment("AWSLambdaBasicExecutionRole", "service-role/")]),
            role("AWSServiceRoleForX", "/aws-service-role/x/", AttachedManagedPolicies=[attachment("XServicePolicy")]),
        ],
    ) | {
        "iam.generate_service_last_accessed_details": job,
        "iam.get_service_last_accessed_details": outcome,
    }
    verdicts = {
        "iam_principal_access_not_stale_ai_services": Expected(
            good=["fresh", "new", "group-member"], bad=["stale", "half-stale", "never"]
        )
    }
    return Answers(says, verdicts, at=NOON)


# --- Credentials ------------------------------------------------------------------------------------------------------

COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)


def ago(days: int | None) -> str:
    return "N/A" if days is None else (NOON - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def line(
    name: str, *, password: tuple[int | None, int] | None = None, mfa: bool = False,
    keys: tuple[tuple[int, int | None] | None, ...] = (), **cells: str,
) -> str:  # fmt: skip
    """Return a line of the report. ``password``: days since its last use (or None) and change; ``keys``: since they
    were made and last used."""
    is_root = name == "<root_account>"
    written = dict.fromkeys(COLUMNS.split(","), "N/A") | {
        "user": name,
        "arn": ROOT if is_root else f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "user_creation_time": ago(400),
        "password_enabled": "not_supported" if is_root else "true" if password else "false",
        "mfa_active": "true" if mfa else "false",
        "access_key_1_active": "false",
        "access_key_2_active": "false",
        "cert_1_active": "false",
        "cert_2_active": "false",
    }
    if password:
        written["password_last_used"] = "no_information" if password[0] is None else ago(password[0])
        written["password_last_changed"] = ago(password[1])
    for number, key in enumerate(keys, 1):
        if key is not None:
            written[f"access_key_{number}_active"] = "true"
            written[f"access_key_{number}_last_rotated"] = ago(key[0])
            written[f"access_key_{number}_last_used_date"] = ago(key[1])
    return ",".join((written | cells).values())


def report(*lines: str) -> dict[str, Any]:
    content = "\n".join((COLUMNS, *lines)).encode()
    return {
        "iam.generate_credential_report": {"State": "COMPLETE"},
        "iam.get_credential_report": {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": NOON},
    }


@on_answers
def users_and_their_credentials() -> Answers:
    says = report(
        line("<root_account>", password=(91, 400)),
        line("careful", password=(1, 20), mfa=True, keys=((90, 0),)),
        line("no-mfa", password=(44, 80)),
        line("robot", keys=(None, (91, 1))),
        line("two-keys", keys=((10, 1), (5, 1)), mfa=True),
        line("idle-45", password=(45, 300), mfa=True),
        line("idle-90", keys=((300, 91),), mfa=True),
        line("setup-key", password=(2, 40), mfa=True, keys=((40, None),)),
        line("never-came", password=(None, 100), mfa=True),
        line("gone", mfa=True, access_key_1_last_rotated=ago(500)),
    )
    verdicts = {
        "iam_root_not_used_recently": Expected(good=[ROOT]),
        "iam_console_user_mfa": Expected(good=["careful", "idle-45", "setup-key", "never-came"], bad=["no-mfa"]),
        "iam_all_users_mfa": Expected(
            good=["careful", "two-keys", "idle-45", "idle-90", "setup-key", "never-came", "gone"],
            bad=["no-mfa", "robot"],
        ),
        "iam_access_key_rotated_90_days": Expected(good=["careful", "two-keys", "setup-key"], bad=["robot", "idle-90"]),
        "iam_single_active_access_key": Expected(
            good=["careful", "no-mfa", "robot", "idle-45", "idle-90", "setup-key", "never-came", "gone"],
            bad=["two-keys"],
        ),
        "iam_no_initial_access_key": Expected(good=["careful", "no-mfa", "idle-45", "never-came"], bad=["setup-key"]),
        "iam_user_credentials_unused_45_days": Expected(
            good=["careful", "no-mfa", "robot", "two-keys", "setup-key"], bad=["idle-45", "idle-90", "never-came"]
        ),
        "iam_user_credentials_unused_90_days": Expected(
            good=["careful", "no-mfa", "robot", "two-keys", "setup-key", "idle-45"], bad=["idle-90", "never-came"]
        ),
    }
    return Answers(says, verdicts, at=NOON)


@on_moto()
def a_user_with_a_password(aws: Aws) -> Verdicts:
    iam = aws("iam")
    iam.create_user(UserName="anna")
    iam.create_login_profile(UserName="anna", Password="Long-enough-1")
    iam.create_access_key(UserName="anna")
    return {
        "iam_console_user_mfa": Expected(bad=["anna"]),
        "iam_no_initial_access_key": Expected(bad=["anna"]),
        "iam_access_key_rotated_90_days": Expected(good=["anna"]),
        "iam_user_credentials_unused_45_days": Expected(good=["anna"]),
    }


@on_answers
def root_works_every_day() -> Answers:
    says = report(line("<root_account>", password=(200, 400), keys=((300, 1),)))
    verdicts = {"iam_root_not_used_recently": Expected(bad=[ROOT]), "iam_all_users_mfa": Expected()}
    return Answers(says, verdicts, at=NOON)


@on_answers
def root_was_never_used() -> Answers:
    says = report(line("<root_account>", password_last_used="no_information"))
    return Answers(says, {"iam_root_not_used_recently": Expected(good=[ROOT])}, at=NOON)


# --- The root user ----------------------------------------------------------------------------------------------------


def root_user(*, devices: tuple[str, ...] = (), **summary: int) -> dict[str, Any]:
    virtual = [
        {"SerialNumber": serial, "EnableDate": NOON, "User": {"Arn": arn, "UserName": "x", "Path": "/"} | WHO}
        for serial, arn in [(f"arn:aws:iam::{ACCOUNT}:mfa/{name}", ROOT) for name in devices]
        + [(f"arn:aws:iam::{ACCOUNT}:mfa/phone", f"arn:aws:iam::{ACCOUNT}:user/anna")]
    ]
    return {
        "iam.get_account_summary": {"SummaryMap": {"Users": 1, **summary}},
        "iam.list_virtual_mfa_devices": {"VirtualMFADevices": virtual, "IsTruncated": False},
    }


WHO = {"UserId": "AIDAEXAMPLEEXAMPLE00", "CreateDate": NOON}
ROOT_CHECKS = ("iam_root_no_access_key", "iam_root_mfa", "iam_root_hardware_mfa")


@on_answers
def root_has_a_hardware_key() -> Answers:
    says = root_user(AccountMFAEnabled=1, AccountAccessKeysPresent=0, AccountPasswordPresent=1)
    return Answers(says, dict.fromkeys(ROOT_CHECKS, Expected(good=[ROOT])), at=NOON)


@on_answers
def root_has_an_app_for_codes() -> Answers:
    says = root_user(devices=("root-account-mfa-device",), AccountMFAEnabled=1, AccountAccessKeysPresent=0)
    verdicts = {"iam_root_mfa": Expected(good=[ROOT]), "iam_root_hardware_mfa": Expected(bad=[ROOT])}
    return Answers(says, verdicts, at=NOON)


@on_answers
def root_has_a_key_and_no_mfa() -> Answers:
    says = root_user(AccountMFAEnabled=0, AccountAccessKeysPresent=1)
    verdicts = {name: Expected(bad=[ROOT]) for name in ROOT_CHECKS}
    return Answers(says, verdicts, at=NOON)


@on_answers
def root_cannot_sign_in() -> Answers:
    says = root_user(AccountMFAEnabled=0, AccountAccessKeysPresent=0, AccountPasswordPresent=0)
    return Answers(says, dict.fromkeys(ROOT_CHECKS, Expected(good=[ROOT])), at=NOON)


# --- The password policy ----------------------------------------------------------------------------------------------

PASSWORD_CHECKS = (
    "iam_password_policy_lowercase",
    "iam_password_policy_uppercase",
    "iam_password_policy_number",
    "iam_password_policy_symbol",
    "iam_password_policy_min_length_14",
    "iam_password_policy_reuse_24",
    "iam_password_policy_expiry_90_days",
    "iam_password_policy_strong",
)


@on_moto()
def passwords_have_no_policy(aws: Aws) -> Verdicts:
    return dict.fromkeys(PASSWORD_CHECKS, Expected(bad=[ROOT]))


@on_moto()
def passwords_are_strong(aws: Aws) -> Verdicts:
    aws("iam").update_account_password_policy(
        MinimumPasswordLength=14,
        RequireSymbols=True,
        RequireNumbers=True,
        RequireUppercaseCharacters=True,
        RequireLowercaseCharacters=True,
        MaxPasswordAge=90,
        PasswordReusePrevention=24,
    )
    return dict.fromkeys(PASSWORD_CHECKS, Expected(good=[ROOT]))


@on_moto()
def passwords_are_nearly_good(aws: Aws) -> Verdicts:
    aws("iam").update_account_password_policy(
        MinimumPasswordLength=13, RequireNumbers=True, MaxPasswordAge=91, PasswordReusePrevention=23
    )
    weak = dict.fromkeys(PASSWORD_CHECKS, Expected(bad=[ROOT]))
    return weak | {"iam_password_policy_number": Expected(good=[ROOT])}


@on_moto()
def passwords_never_end(aws: Aws) -> Verdicts:
    aws("iam").update_account_password_policy(MinimumPasswordLength=20)
    weak = dict.fromkeys(PASSWORD_CHECKS, Expected(bad=[ROOT]))
    return weak | {"iam_password_policy_min_length_14": Expected(good=[ROOT])}


# --- Identity providers and certificates ------------------------------------------------------------------------------


@on_moto()
def people_sign_in_by_saml(aws: Aws) -> Verdicts:
    aws("iam").create_saml_provider(Name="company", SAMLMetadataDocument="a" * 1024)
    return {"iam_federation_configured": Expected(good=[ROOT])}


@on_moto()
def only_pipelines_sign_in(aws: Aws) -> Verdicts:
    for url in ("https://token.actions.githubusercontent.com", "https://oidc.eks.eu-central-1.amazonaws.com/id/A1"):
        aws("iam").create_open_id_connect_provider(Url=url, ThumbprintList=["a" * 40], ClientIDList=["x"])
    return {"iam_federation_configured": Expected(bad=[ROOT])}


@on_moto()
def people_sign_in_by_openid(aws: Aws) -> Verdicts:
    iam = aws("iam")
    iam.create_open_id_connect_provider(Url="https://login.example.com", ThumbprintList=["a" * 40], ClientIDList=["x"])
    return {"iam_federation_configured": Expected(good=[ROOT])}


@on_answers
def server_certificates() -> Answers:
    def certificate(name: str, days: int) -> dict[str, Any]:
        arn = f"arn:aws:iam::{ACCOUNT}:server-certificate/{name}"
        named = {"Path": "/", "ServerCertificateName": name, "ServerCertificateId": "ASCAEXAMPLEEXAMPLE00", "Arn": arn}
        return named | {"UploadDate": NOON - timedelta(days=300), "Expiration": NOON + timedelta(days=days)}

    stored = [certificate("valid", 1), certificate("expired", -1)]
    says = {"iam.list_server_certificates": {"ServerCertificateMetadataList": stored, "IsTruncated": False}}
    return Answers(says, {"iam_server_certificate_not_expired": Expected(["valid"], ["expired"])}, at=NOON)
