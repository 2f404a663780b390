"""What must hold of the root user, of users' credentials, of the password policy and of who is granted what."""

import operator
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from cloudbench.engine.checks.policies import Statement, allows, grants_service, statements_of
from cloudbench.engine.checks.privileges import escalation
from cloudbench.engine.findings import Finding, Verdict, failed, passed, verdict
from cloudbench.engine.inventory import GLOBAL, Failure, FailureKind, Resource, Unread
from cloudbench.engine.registry import View, check, survey

CREDENTIALS = "iam.credentials"
ROOT_USER = "<root_account>"
"""What the credential report calls the root user."""
POLICIES = "iam.customer_policies"
PRINCIPALS = ("iam.users", "iam.groups", "iam.roles")


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


ROOT_REST_DAYS = 90
"""CIS AWS Foundations 1.7 asks for no daily use and names no number; one quarter, as for stale credentials."""


@survey("iam_root_not_used_recently", reads=(CREDENTIALS,))
def root_rests(view: View) -> Iterator[Finding]:
    """Fail when the root user's password or a key of it was used in the last 90 days.

    Every account has a root user: a report without its row is unread. Source: GetCredentialReport.
    """
    root = next((row for row in view[CREDENTIALS] if row.name == ROOT_USER), None)
    if root is not None:
        said = _rest(root, view.now)
        yield Finding(root.arn, root.region, said.passed, said.words, root.name, said.attributes)
    elif not view.unread:
        words = "The credential report has no line about the root user."
        raise Unread(Failure(FailureKind.MALFORMED, words, "iam:GetCredentialReport"))


def _rest(root: Resource, now: datetime) -> Verdict:
    cells = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")
    used = [at for at in (_time(root.get(cell)) for cell in cells) if at is not None]
    if not used:
        return passed("No use of the root user is on record.")
    days = _days_since(max(used), now)
    return verdict(
        days > ROOT_REST_DAYS,
        f"The root user was last used {days} days ago.",
        f"The root user was used {_ago(days)}.",
        LastUsed=max(used).isoformat(),
    )


# --- Users' credentials -----------------------------------------------------------------------------------------------


def _time(cell: str | None) -> datetime | None:
    """Return the time in a cell of the report; None for N/A, no_information and not_supported."""
    return datetime.fromisoformat(cell) if cell and cell[0].isdigit() else None


def _days_since(then: datetime, now: datetime) -> int:
    return (now - then).days


def _ago(days: int) -> str:
    return "today" if days == 0 else "a day ago" if days == 1 else f"{days} days ago"


def _is_user(row: Resource) -> bool:
    return row.name != ROOT_USER


def _has_password(user: Resource) -> bool:
    return user["password_enabled"] == "true"


def _active_keys(user: Resource) -> list[int]:
    return [number for number in (1, 2) if user.get(f"access_key_{number}_active") == "true"]


KEY_AGE_DAYS = 90
"""CIS AWS Foundations 1.14; Security Hub IAM.3."""


@check("iam_access_key_rotated_90_days", over=CREDENTIALS)
def rotates_keys(user: Resource, view: View) -> Verdict | None:
    """Fail when an active access key is older than 90 days. Users without one are not looked at.

    Source: GetCredentialReport, access_key_N_last_rotated.
    """
    created = [_time(user.get(f"access_key_{number}_last_rotated")) for number in _active_keys(user)]
    ages = [_days_since(at, view.now) for at in created if at is not None]
    if not _is_user(user) or not ages:
        return None
    oldest = max(ages)
    return verdict(
        oldest <= KEY_AGE_DAYS,
        f"The oldest active access key is {oldest} days old.",
        f"An active access key is {oldest} days old.",
        AgeDays=oldest,
    )


@check("iam_single_active_access_key", over=CREDENTIALS)
def has_one_active_key(user: Resource, view: View) -> Verdict | None:
    """Fail when two access keys of a user are active. Source: GetCredentialReport, access_key_N_active."""
    if not _is_user(user):
        return None
    active = len(_active_keys(user))
    return verdict(
        active < 2,
        "One access key is active." if active else "No access key is active.",
        "Two access keys are active.",
        ActiveAccessKeys=active,
    )


@check("iam_console_user_mfa", over=CREDENTIALS)
def signs_in_with_mfa(user: Resource, view: View) -> Verdict | None:
    """Fail when a user has a console password and no MFA. Source: GetCredentialReport, mfa_active."""
    return _mfa(user) if _is_user(user) and _has_password(user) else None


@check("iam_all_users_mfa", over=CREDENTIALS)
def every_user_has_mfa(user: Resource, view: View) -> Verdict | None:
    """Fail when a user has no MFA, with or without a console password. Source: GetCredentialReport, mfa_active."""
    return _mfa(user) if _is_user(user) else None


def _mfa(user: Resource) -> Verdict:
    return verdict(
        user["mfa_active"] == "true",
        "The user has an MFA device.",
        "The user has a console password and no MFA device." if _has_password(user) else "The user has no MFA device.",
        password_enabled=user["password_enabled"],
    )


@check("iam_no_initial_access_key", over=CREDENTIALS)
def has_no_idle_first_key(user: Resource, view: View) -> Verdict | None:
    """Fail when a user with a console password has an active key that was never used: made at setup, not for a need.

    Source: GetCredentialReport, access_key_N_last_used_date.
    """
    if not _is_user(user) or not _has_password(user):
        return None
    idle = [n for n in _active_keys(user) if _time(user.get(f"access_key_{n}_last_used_date")) is None]
    return verdict(
        not idle,
        "Every active access key has been used." if _active_keys(user) else "The console user has no access key.",
        "The console user has an active access key that was never used.",
        NeverUsedKeys=len(idle),
    )


def _unused(days: int, user: Resource, view: View) -> Verdict | None:
    """Fail when a password or an active key was not used for ``days`` or more, or as long unused since it was made.

    The root user, and users without any credential, are not looked at.
    Source: GetCredentialReport, password_last_used and _last_changed, access_key_N_last_used_date and _last_rotated.
    """
    if not _is_user(user):
        return None
    seen = {}
    if _has_password(user):
        seen["console password"] = _time(user["password_last_used"]) or _time(user["password_last_changed"])
    for number in _active_keys(user):
        key = f"access_key_{number}"
        seen[f"access key {number}"] = _time(user[f"{key}_last_used_date"]) or _time(user[f"{key}_last_rotated"])
    idle = {what: _days_since(at, view.now) for what, at in seen.items() if at is not None}
    stale = [what for what, since in idle.items() if since >= days]
    if not idle:
        return None
    if stale:
        return failed(f"Not used for {idle[stale[0]]} days: {' and '.join(stale)}.", IdleDays=idle[stale[0]])
    return passed(f"Used or made within {days} days: {' and '.join(idle)}.", IdleDays=max(idle.values()))


for _days in (45, 90):  # CIS AWS Foundations 1.12 and Security Hub IAM.22: 45; Security Hub IAM.8: 90
    _id = {45: "iam_user_credentials_unused_45_days", 90: "iam_user_credentials_unused_90_days"}[_days]
    check(_id, over=CREDENTIALS)(partial(_unused, _days))


# --- The password policy ----------------------------------------------------------------------------------------------

LEAST_LENGTH = 14  # CIS AWS Foundations 1.8; Security Hub IAM.15
LEAST_LENGTH_AT_ALL = 8  # Security Hub IAM.7; PCI DSS 3.2.1 8.2.3 asks for 7
MOST_AGE_DAYS = 90  # Security Hub IAM.17; PCI DSS 3.2.1 8.2.4
LEAST_HISTORY = 24  # CIS AWS Foundations 1.9; Security Hub IAM.16
LEAST_HISTORY_AT_ALL = 4  # PCI DSS 3.2.1 8.2.5


@dataclass(frozen=True)
class Rule:
    """What must hold of one field of the password policy, left out counting as 0; the words complete "The policy"."""

    field: str
    holds: Callable[[int], bool]
    good: str
    fault: str


def _kind(field: str, what: str) -> Rule:
    return Rule(field, bool, f"asks for {what}", f"does not ask for {what}")


def _length(least: int) -> Rule:
    holds = partial(operator.le, least)
    words = f"shorter than {least} characters"
    return Rule("MinimumPasswordLength", holds, f"lets in no password {words}", f"lets in passwords {words}")


def _history(least: int) -> Rule:
    holds = partial(operator.le, least)
    good, fault = f"refuses the last {least} passwords", f"does not refuse the last {least} passwords"
    return Rule("PasswordReusePrevention", holds, good, fault)


def _ends_in_time(days: int) -> bool:
    return 0 < days <= MOST_AGE_DAYS


LOWERCASE = _kind("RequireLowercaseCharacters", "a lower-case letter")
UPPERCASE = _kind("RequireUppercaseCharacters", "an upper-case letter")
NUMBER = _kind("RequireNumbers", "a digit")
SYMBOL = _kind("RequireSymbols", "a symbol")
EXPIRY = Rule(
    "MaxPasswordAge",
    _ends_in_time,
    f"ends passwords within {MOST_AGE_DAYS} days",
    f"does not end passwords within {MOST_AGE_DAYS} days",
)

PASSWORD_RULES: dict[str, tuple[Rule, ...]] = {
    "iam_password_policy_lowercase": (LOWERCASE,),
    "iam_password_policy_uppercase": (UPPERCASE,),
    "iam_password_policy_number": (NUMBER,),
    "iam_password_policy_symbol": (SYMBOL,),
    "iam_password_policy_min_length_14": (_length(LEAST_LENGTH),),
    "iam_password_policy_reuse_24": (_history(LEAST_HISTORY),),
    "iam_password_policy_expiry_90_days": (EXPIRY,),
    "iam_password_policy_strong": (
        LOWERCASE,
        UPPERCASE,
        NUMBER,
        SYMBOL,
        _length(LEAST_LENGTH_AT_ALL),
        _history(LEAST_HISTORY_AT_ALL),
        EXPIRY,
    ),
}
"""The checks of the password policy. "Strong" takes together what Security Hub IAM.7 and PCI DSS 8.2 ask for."""


def _password_policy(rules: tuple[Rule, ...], view: View) -> Iterator[Finding]:
    """Fail when the account's password policy breaks one of ``rules``, or when there is no policy.

    Source: GetAccountPasswordPolicy; NoSuchEntity means that there is none.
    """
    policies = view["iam.password_policy"]
    if not policies:
        if not view.unread:
            yield of_account(view, failed("The account has no password policy of its own."))
        return
    values = {rule.field: policies[0].get(rule.field) for rule in rules}
    faults = [rule.fault for rule in rules if not rule.holds(values[rule.field] or 0)]
    words = " and ".join(faults or [rule.good for rule in rules])
    yield of_account(view, Verdict(not faults, f"The password policy {words}.", values))


for _id, _rules in PASSWORD_RULES.items():
    survey(_id, reads=("iam.password_policy",))(partial(_password_policy, _rules))


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
        idle[str(service["ServiceNamespace"])] = _days_since(last, view.now)
    stale = [name for name, days in idle.items() if days > AI_IDLE_DAYS[name]]
    return verdict(
        not stale,
        f"Access to {' and '.join(idle)} is in use or new.",
        f"Access to {' and '.join(stale)} was not used for {max((idle[name] for name in stale), default=0)} days.",
        IdleDays=idle,
    )
