"""What must hold of the root user, of users' credentials, of the password policy and of who is granted what."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from cloudbench.engine.checks.policies import Statement, allows, grants_service, statements_of
from cloudbench.engine.checks.privileges import escalation
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import View, check, survey

CREDENTIALS = "iam.credentials"
ROOT_USER = "<root_account>"
"""What the credential report calls the root user."""
POLICIES = "iam.customer_policies"
PRINCIPALS = ("iam.users", "iam.groups", "iam.roles")


def days_since(then: datetime, now: datetime) -> int:
    return (now - then).days


def of_account(view: View, said: Verdict) -> Finding:
    """Return a finding about the account itself."""
    return Finding(view.account.root_arn, GLOBAL, said.passed, said.words, view.account.id, said.attributes)


# --- The root user ----------------------------------------------------------------------------------------------------


@check("iam_root_no_access_key", over="iam.account_summary")
def root_has_no_access_key(summary: Resource, view: View) -> Verdict:
    """Fail while the root user has an access key. Source: GetAccountSummary, AccountAccessKeysPresent (0 or 1)."""
    present = summary["AccountAccessKeysPresent"]
    return verdict(
        present == 0,
        "The root user has no access key.",
        "The root user has an access key.",
        AccountAccessKeysPresent=present,
    )


@check("iam_root_mfa", over="iam.account_summary")
def root_has_mfa(summary: Resource, view: View) -> Verdict:
    """Fail when the root user can sign in without MFA; root users whose password AWS Organizations removed cannot.

    Source: GetAccountSummary, AccountMFAEnabled and AccountPasswordPresent (left out counts as present).
    """
    if _has_no_way_in(summary):
        return passed("The root user has neither a password nor an access key.", AccountPasswordPresent=0)
    return verdict(
        summary["AccountMFAEnabled"] == 1,
        "The root user has MFA.",
        "The root user has no MFA.",
        AccountMFAEnabled=summary["AccountMFAEnabled"],
    )


@check("iam_root_hardware_mfa", over="iam.account_summary", reads=("iam.virtual_mfa_devices",))
def root_has_hardware_mfa(summary: Resource, view: View) -> Verdict:
    """Fail when the root user has no MFA, or a virtual device among those that may sign it in.

    Source: GetAccountSummary, AccountMFAEnabled; ListVirtualMFADevices, User.Arn of assigned devices.
    """
    root = view.account.root_arn
    virtual = [device.arn for device in view.in_region("iam.virtual_mfa_devices", GLOBAL) if device["UserArn"] == root]
    if _has_no_way_in(summary):
        return passed("The root user has neither a password nor an access key.", AccountPasswordPresent=0)
    if summary["AccountMFAEnabled"] != 1:
        return failed("The root user has no MFA.", AccountMFAEnabled=summary["AccountMFAEnabled"])
    if virtual:
        return failed("The root user signs in with a virtual MFA device.", SerialNumber=virtual[0])
    return passed("The root user has MFA, and none of its devices is virtual.", AccountMFAEnabled=1)


def _has_no_way_in(summary: Resource) -> bool:
    return summary.get("AccountPasswordPresent", 1) == 0 and summary["AccountAccessKeysPresent"] == 0


# --- What exists ------------------------------------------------------------------------------------------------------

WORKLOAD_ISSUERS = (
    "oidc.eks.",
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "api.bitbucket.org",
    "oidc.circleci.com",
    "agent.buildkite.com",
    "oidc.vercel.com",
)
"""Issuers of OpenID Connect tokens for clusters and pipelines; they sign in no people."""


@survey("iam_federation_configured", reads=("iam.saml_providers", "iam.oidc_providers"))
def people_come_by_federation(view: View) -> Iterator[Finding]:
    """Fail without a SAML provider, or an OpenID Connect provider other than those of clusters and pipelines.

    IAM Identity Center makes a SAML provider in each account. Source: ListSAMLProviders, ListOpenIDConnectProviders.
    """
    people = [provider.arn for provider in view["iam.oidc_providers"] if not _is_of_workloads(provider.arn)]
    found = [*(provider.arn for provider in view["iam.saml_providers"]), *people]
    if found:
        yield of_account(view, passed(f"{found[0].partition('/')[2]} signs people in.", Arn=found[0]))
    elif not view.unread:
        yield of_account(view, failed("No identity provider signs people in to the account."))


def _is_of_workloads(arn: str) -> bool:
    issuer = arn.partition("/")[2]
    return issuer.startswith(WORKLOAD_ISSUERS)


@check("iam_server_certificate_not_expired", over="iam.server_certificates")
def certificate_is_valid(certificate: Resource, view: View) -> Verdict:
    """Fail when a server certificate stored in IAM has expired. Source: ListServerCertificates, Expiration."""
    day = certificate["Expiration"]
    holds = datetime.fromisoformat(day) > view.now
    return verdict(
        holds, f"The certificate is valid until {day[:10]}.", f"The certificate expired on {day[:10]}.", Expiration=day
    )


SHARING_ROLE = "CloudWatch-CrossAccountSharingRole"
"""The role that CloudWatch makes to let another account look at this one's metrics, dashboards and logs."""


@survey("cloudwatch_cross_account_sharing_disabled", reads=("iam.roles",))
def shares_no_monitoring(view: View) -> Iterator[Finding]:
    """Fail while CloudWatch's role for sharing with other accounts exists. Source: GetAccountAuthorizationDetails."""
    sharing = [role for role in view["iam.roles"] if role.name == SHARING_ROLE]
    for role in sharing:
        words = "CloudWatch shares this account's monitoring data with other accounts."
        yield Finding(role.arn, GLOBAL, False, words, role.name, {"CreateDate": role["CreateDate"]})
    if not sharing and not view.unread:
        yield of_account(view, passed(f"There is no role {SHARING_ROLE}."))


@survey("iam_group_has_users", reads=("iam.groups", "iam.users"))
def groups_have_users(view: View) -> Iterator[Finding]:
    """Fail for a group in which no user is. Source: GetAccountAuthorizationDetails, GroupList of the users."""
    members = Counter(name for user in view.in_region("iam.users", GLOBAL) for name in user.get("GroupList", ()))
    for group in view["iam.groups"]:
        users = members[group.name]
        words = f"The group has {users} {'user' if users == 1 else 'users'}." if users else "The group has no users."
        yield Finding(group.arn, GLOBAL, users > 0, words, group.name, {"Users": users})


@check("iam_user_in_group", over="iam.users")
def user_is_in_group(user: Resource, view: View) -> Verdict:
    """Fail when a user is in no group. Source: GetAccountAuthorizationDetails, GroupList."""
    groups = user.get("GroupList", [])
    return verdict(
        bool(groups), f"The user is in {_listed(groups)}.", "The user is in no group.", GroupList=groups[:MOST_NAMES]
    )


# --- Who has which policy ---------------------------------------------------------------------------------------------

MOST_NAMES = 10
"""So many names are enough to explain a finding."""


def _listed(names: list[str]) -> str:
    """Return the first names of a list as words."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def inline_policies(principal: Resource) -> list[tuple[str, tuple[Statement, ...]]]:
    """Return (name, statements) of the policies that stand in a user, group or role itself."""
    fields = ("UserPolicyList", "GroupPolicyList", "RolePolicyList")
    found = [policy for field in fields for policy in principal.get(field, ())]
    return [(policy["PolicyName"], statements_of(policy["PolicyDocument"])) for policy in found]


def _holders(view: View, kinds: tuple[str, ...] = PRINCIPALS) -> defaultdict[str, list[str]]:
    """Return {ARN of a managed policy: "user NAME", "group NAME" and "role NAME" of those to which it is attached}."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for kind in kinds:
        for row in view.in_region(kind, GLOBAL):
            for policy in row.get("AttachedManagedPolicies", ()):
                found[policy["PolicyArn"]].append(f"{kind.removeprefix('iam.').removesuffix('s')} {row.name}")
    return found


def _aws_policy(name: str, view: View) -> str:
    return f"arn:{view.account.partition}:iam::aws:policy/{name}"


@check("iam_user_no_attached_policies", over="iam.users")
def user_has_no_policies(user: Resource, view: View) -> Verdict:
    """Fail when a policy is attached to a user, or stands in it; permissions come by group or role.

    Source: GetAccountAuthorizationDetails, AttachedManagedPolicies and UserPolicyList.
    """
    names = [policy["PolicyName"] for policy in user.get("AttachedManagedPolicies", ())]
    names += [name for name, _ in inline_policies(user)]
    return verdict(
        not names,
        "No policy is attached to the user itself.",
        f"The user has policies of its own: {_listed(names)}.",
        Policies=names[:MOST_NAMES],
    )


@check("iam_no_inline_policies", over=PRINCIPALS)
def has_no_inline_policy(principal: Resource, view: View) -> Verdict:
    """Fail when a user, group or role has inline policies. Source: GetAccountAuthorizationDetails, *PolicyList."""
    names = [name for name, _ in inline_policies(principal)]
    return verdict(
        not names, "There is no inline policy.", f"Inline policies: {_listed(names)}.", Policies=names[:MOST_NAMES]
    )


@survey("iam_support_role_exists", reads=("iam.roles",))
def support_role_exists(view: View) -> Iterator[Finding]:
    """Fail when no role has AWSSupportAccess. CIS asks for a role; users and groups do not count.

    Source: GetAccountAuthorizationDetails, AttachedManagedPolicies of the roles.
    """
    roles = _holders(view, ("iam.roles",))[_aws_policy("AWSSupportAccess", view)]
    good = f"AWSSupportAccess is attached to {_listed(roles)}."
    yield of_account(
        view, verdict(bool(roles), good, "No role has the policy AWSSupportAccess.", Roles=roles[:MOST_NAMES])
    )


CLOUDSHELL = "AWSCloudShellFullAccess"


@check("iam_cloudshell_full_access_restricted", over=PRINCIPALS)
def has_no_full_cloudshell(principal: Resource, view: View) -> Verdict:
    """Fail a user, group or role to which AWSCloudShellFullAccess is attached.

    Source: GetAccountAuthorizationDetails, AttachedManagedPolicies. Control: CIS AWS 3.0, 1.22; Security Hub IAM.27.
    """
    arn = _aws_policy(CLOUDSHELL, view)
    has_it = any(policy["PolicyArn"] == arn for policy in principal.get("AttachedManagedPolicies", ()))
    return verdict(not has_it, f"{CLOUDSHELL} is not attached.", f"{CLOUDSHELL} is attached.")


@survey("iam_customer_policy_attached_to_role", reads=(POLICIES, "iam.roles"))
def policies_are_used_by_roles(view: View) -> Iterator[Finding]:
    """Fail for a customer policy that is attached to no role. Source: GetAccountAuthorizationDetails."""
    holders = _holders(view, ("iam.roles",))
    for policy in view[POLICIES]:
        roles = holders[policy.arn]
        words = f"The policy is attached to {_listed(roles)}." if roles else "The policy is attached to no role."
        yield Finding(policy.arn, GLOBAL, bool(roles), words, policy.name, {"Roles": roles[:MOST_NAMES]})


@check("iam_customer_policy_in_use", over=POLICIES)
def policy_is_in_use(policy: Resource, view: View) -> Verdict:
    """Fail when a customer policy is attached to nobody and is nobody's permissions boundary.

    Source: GetAccountAuthorizationDetails, AttachmentCount and PermissionsBoundaryUsageCount.
    """
    attached, bounds = policy.get("AttachmentCount", 0), policy.get("PermissionsBoundaryUsageCount", 0)
    return verdict(
        attached + bounds > 0,
        f"The policy is attached {attached} times and bounds {bounds} principals.",
        "The policy is attached to nobody.",
        AttachmentCount=attached,
    )


# --- What policies grant ----------------------------------------------------------------------------------------------

ADMINISTRATOR = "AdministratorAccess"
"""The policy of AWS that allows everything."""


def granted(row: Resource) -> list[tuple[str, tuple[Statement, ...]]]:
    """Return (name, statements) of a customer policy, or of the inline policies of a principal."""
    if row.collection == POLICIES:
        return [(row.name, statements_of(row["Document"]))]
    return inline_policies(row)


def judged(row: Resource, is_faulty: Callable[[tuple[Statement, ...]], bool], good: str, bad: str) -> Verdict | None:
    """Judge each policy of ``row`` by its statements; None for a principal without inline policies.

    ``good`` and ``bad`` complete "The policy ...".
    """
    policies = granted(row)
    faulty = [name for name, statements in policies if is_faulty(statements)]
    if not policies:
        return None
    if row.collection == POLICIES:
        attached = row.get("AttachmentCount", 0)
        return verdict(not faulty, f"The policy {good}.", f"The policy {bad}.", AttachmentCount=attached)
    words = f"The inline policy {_listed(faulty)} {bad}." if faulty else f"No inline policy {bad}."
    return Verdict(not faulty, words, {"Policies": faulty[:MOST_NAMES]} if faulty else {})


def _allows_everything(statements: Iterable[Statement]) -> bool:
    return any(one.allow and one.any_action and one.any_resource and one.resources for one in statements)


@survey("iam_no_admin_policy", reads=(POLICIES, *PRINCIPALS))
def nothing_allows_everything(view: View) -> Iterator[Finding]:
    """Fail when a customer or inline policy allows every action on every resource, or AdministratorAccess is attached.

    A customer policy counts also while it is attached to nobody, as in Security Hub IAM.1. Conditions are not looked
    at. Source: GetAccountAuthorizationDetails.
    """
    arn = _aws_policy(ADMINISTRATOR, view)
    if holders := _holders(view)[arn]:
        words = f"{ADMINISTRATOR} is attached to {_listed(holders)}."
        yield Finding(arn, GLOBAL, False, words, ADMINISTRATOR, {"AttachedTo": holders[:MOST_NAMES]})
    for name in (POLICIES, *PRINCIPALS):
        for row in view[name]:
            bad = "allows every action on every resource"
            said = judged(row, _allows_everything, "does not allow everything", bad)
            if said is not None:
                yield Finding(row.arn, GLOBAL, said.passed, said.words, row.name, said.attributes)


@survey("iam_no_admin_policy_attached", reads=(POLICIES, *PRINCIPALS))
def nobody_has_a_policy_for_everything(view: View) -> Iterator[Finding]:
    """Fail a policy that allows every action on every resource while a user, group or role has it.

    As CIS AWS Foundations 1.16 has it, these are AdministratorAccess of AWS and customer policies; policies that nobody
    has and inline ones do not count. Conditions are not looked at. Source: GetAccountAuthorizationDetails.
    """
    holders = _holders(view)
    arn = _aws_policy(ADMINISTRATOR, view)
    yield _held(arn, ADMINISTRATOR, holders[arn], True)
    for policy in view[POLICIES]:
        if held_by := holders[policy.arn]:
            yield _held(policy.arn, policy.name, held_by, _allows_everything(statements_of(policy["Document"])))


def _held(arn: str, name: str, holders: list[str], is_faulty: bool) -> Finding:
    attached = f"It is attached to {_listed(holders)}" if holders else "It is attached to nobody"
    words = f"{attached} and {'allows' if is_faulty else 'does not allow'} every action on every resource."
    return Finding(
        arn, GLOBAL, not (is_faulty and holders), words if holders else f"{attached}.", name,
        {"AttachedTo": holders[:MOST_NAMES]},
    )  # fmt: skip


def _service_wildcards(statements: Iterable[Statement]) -> list[str]:
    """Return the patterns that grant all actions of a service: in Action, or in NotAction, which grants all others."""
    return [
        pattern
        for one in statements
        if one.allow
        for pattern in (*one.service_wildcards, *(left for left in one.not_actions if left.endswith(":*")))
    ]


@check("iam_customer_policy_no_service_wildcard", over=POLICIES)
def policy_names_its_actions(policy: Resource, view: View) -> Verdict:
    """Fail when a customer policy allows "service:*", or all but "service:*" by NotAction; resources do not matter.

    Security Hub IAM.21. Source: GetAccountAuthorizationDetails, the default version.
    """
    found = _service_wildcards(statements_of(policy["Document"]))
    return verdict(
        not found,
        "No statement allows all actions of a service.",
        f"The policy allows all actions of a service: {_listed(found)}.",
        Actions=found[:MOST_NAMES],
    )


@check("iam_policy_no_full_cloudtrail_access", over=(POLICIES, *PRINCIPALS))
def leaves_cloudtrail_alone(row: Resource, view: View) -> Verdict | None:
    """Fail when a customer or inline policy allows every action of CloudTrail on every resource.

    A Deny without condition in the same policy counts. Source: GetAccountAuthorizationDetails.
    """
    return judged(
        row,
        lambda statements: grants_service(statements, "cloudtrail"),
        "does not allow all of CloudTrail",
        "allows every action of CloudTrail on every resource",
    )


SUBSCRIBE = "aws-marketplace:Subscribe"


@check("iam_policy_no_marketplace_wildcard", over=(POLICIES, *PRINCIPALS))
def buys_named_products_only(row: Resource, view: View) -> Verdict | None:
    """Fail when a customer or inline policy allows aws-marketplace:Subscribe on every resource.

    Source: GetAccountAuthorizationDetails.
    """
    return judged(
        row,
        lambda statements: allows((one for one in statements if not one.allow or one.any_resource), SUBSCRIBE),
        "does not allow subscribing to every Marketplace product",
        "allows subscribing to every product of AWS Marketplace",
    )


@check("iam_no_privilege_escalation_paths", over=(POLICIES, *PRINCIPALS))
def gives_no_way_up(row: Resource, view: View) -> Verdict | None:
    """Fail when a customer policy, or the inline policies of a principal together, allow a way of ESCALATIONS.

    Only permissions on all resources of a kind count, and not those bound by iam:PermissionsBoundary or iam:PolicyARN.
    Policies of AWS are not looked at. Source: GetAccountAuthorizationDetails.
    """
    policies = granted(row)
    if not policies:
        return None
    way = escalation([one for _, statements in policies for one in statements])
    what = "The policy allows" if row.collection == POLICIES else "The inline policies allow"
    return verdict(
        not way,
        f"{what} no known way to more permissions.",
        f"{what} a way to more permissions: {' with '.join(way)}.",
        **({"Actions": list(way)} if way else {}),
    )


# --- Access that nobody uses ------------------------------------------------------------------------------------------

AI_IDLE_DAYS = {"bedrock": 60, "sagemaker": 90}
"""No benchmark names a number; these are the defaults of the public scanner that the mappings come from."""


@check(
    "iam_principal_access_not_stale_ai_services",
    over=("iam.users", "iam.roles"),
    reads=("iam.user_access_jobs", "iam.role_access_jobs", "iam.user_ai_access", "iam.role_ai_access"),
)
def uses_its_ai_access(principal: Resource, view: View) -> Verdict | None:
    """Fail when a user or role is allowed Bedrock or SageMaker and has not used it for 60 or 90 days.

    Never used counts from when the principal was made. Principals without such access are not looked at.
    Source: GenerateServiceLastAccessedDetails, GetServiceLastAccessedDetails, LastAuthenticated.
    """
    kind = principal.collection.removesuffix("s")
    jobs = f"{kind}_access_jobs"
    job = view.one_of(jobs, principal) if view.asks_for(jobs, principal) else None
    services = view.all_of(f"{kind}_ai_access", job) if job else []
    if not services:
        return None
    idle = {}
    for service in services:
        last = datetime.fromisoformat(service.get("LastAuthenticated") or principal["CreateDate"])
        idle[str(service["ServiceNamespace"])] = days_since(last, view.now)
    stale = [name for name, days in idle.items() if days > AI_IDLE_DAYS[name]]
    return verdict(
        not stale,
        f"Access to {' and '.join(idle)} is in use or new.",
        f"Access to {' and '.join(stale)} was not used for {max((idle[name] for name in stale), default=0)} days.",
        IdleDays=idle,
    )
