"""What the password policy of the account must ask for."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from cloudbench.engine.checks.iam import of_account
from cloudbench.engine.findings import Finding, Verdict, failed
from cloudbench.engine.registry import View, survey

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
