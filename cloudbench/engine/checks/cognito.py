"""What must hold of Cognito user pools and identity pools."""

from cloudbench.engine.findings import Verdict, failed, passed, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check

LEAST_LENGTH = 8
MOST_TEMPORARY_DAYS = 7
REQUIRED = {
    "RequireLowercase": "lower-case letters",
    "RequireUppercase": "upper-case letters",
    "RequireNumbers": "digits",
    "RequireSymbols": "symbols",
}
"""These three: source Security Hub Cognito.3, its default parameters."""


@check("cognito_user_pool_password_policy", over="cognito.user_pools")
def passwords_are_strong(pool: Resource, view: View) -> Verdict:
    """Fail if passwords may be shorter than 8, may lack a kind of character, or are temporary for more than 7 days.

    Source: DescribeUserPool, Policies.PasswordPolicy (temporary passwords last 7 days when absent).
    """
    policy = (pool.get("Policies") or {}).get("PasswordPolicy") or {}
    length, days = policy.get("MinimumLength", 0), policy.get("TemporaryPasswordValidityDays", MOST_TEMPORARY_DAYS)
    faults = [f"no {words}" for field, words in REQUIRED.items() if not policy.get(field)]
    if length < LEAST_LENGTH:
        faults.insert(0, f"passwords of {length} characters")
    if days > MOST_TEMPORARY_DAYS:
        faults.append(f"temporary passwords for {days} days")
    if faults:
        return failed(f"The password policy allows {', '.join(faults)}.", PasswordPolicy=dict(policy))
    return passed(f"Passwords have at least {length} characters of four kinds.", PasswordPolicy=dict(policy))


@check("cognito_user_pool_threat_protection", over="cognito.user_pools")
def stops_risky_sign_ins(pool: Resource, view: View) -> Verdict:
    """Fail unless threat protection acts on what it sees; auditing alone is not enough. Rule: Security Hub Cognito.1.

    Source: DescribeUserPool, UserPoolAddOns.AdvancedSecurityMode (OFF when absent).
    """
    mode = (pool.get("UserPoolAddOns") or {}).get("AdvancedSecurityMode", "OFF")
    faults = {"AUDIT": "Threat protection only records risky sign-ins.", "OFF": "Threat protection is off."}
    return verdict(
        mode == "ENFORCED",
        "Threat protection acts on risky sign-ins.",
        faults.get(mode, faults["OFF"]),
        AdvancedSecurityMode=mode,
    )


@check("cognito_identity_pool_no_unauthenticated", over="cognito.identity_pools")
def knows_its_callers(pool: Resource, view: View) -> Verdict:
    """Fail if it gives AWS credentials to guests. Source: DescribeIdentityPool, AllowUnauthenticatedIdentities."""
    guests = bool(pool["AllowUnauthenticatedIdentities"])
    return verdict(
        not guests,
        "Only signed-in users get AWS credentials.",
        "Guests get AWS credentials without signing in.",
        AllowUnauthenticatedIdentities=guests,
    )
