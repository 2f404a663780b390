"""What IAM policy documents say. Pure: documents in, statements and answers out. The one place for such reasoning.

    statements_of(document)            the statements of a policy, from a dict or JSON text, as values
    public_grants(document)            the Allow statements of a resource's policy that let anyone in, less what a Deny
                                       or a limiting condition takes back; empty means the policy is not public
    unconfined_services(document)      the AWS services let in without a condition on whose resource they act for
    foreign_accounts(document, own)    the other accounts that a resource's policy lets in by name
    refuses_plain_transport(document)  whether everyone without TLS is refused everything
    allows(statements, action)         whether an identity with these statements may do an action on some resource
    grants_service(statements, name)   whether an identity may do every action of a service on every resource
    statement.covers_action(action)    whether Action or NotAction takes an action in, in any letter case
    statement.covers_resource(arn)     whether Resource or NotResource takes an ARN in
    statement.any_action, .any_resource, .anyone, .limits, .service_wildcards

What limits access to known callers is what Amazon S3 calls "not public" and IAM Access Analyzer "not external": a fixed
value of one of the keys in LIMITING, compared by an operator that fails when the key is missing.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

Document = str | Mapping[str, Any]
"""A policy as AWS hands it out: JSON text, or parsed."""

POSITIVE = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"})
NEGATIVE = frozenset(
    {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike", "notipaddress"}
)
PLAIN_TRANSPORT = ("bool", "aws:securetransport", ("false",))
WIDEST_IPV4, WIDEST_IPV6 = 8, 32
"""Prefix lengths. A wider range counts as everyone; Amazon S3 draws the line there ("The meaning of public")."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a Condition. ``operator`` and ``key`` are in small letters; ``quantifier`` is "", any or all."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str = ""
    if_exists: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether every value stands for known callers only."""
        fixed = LIMITING.get(self.key)
        return fixed is not None and bool(self.values) and all(fixed(value) for value in self.values)

    @property
    def admits_only_known(self) -> bool:
        """Whether a statement with this line applies to known callers only."""
        if self.if_exists or self.quantifier == "all":
            return False
        if self.operator == "bool":
            return self.key in ONLY_KNOWN_IF_TRUE and set(self.values) == {"true"}
        return self.operator in POSITIVE and self.is_fixed

    @property
    def spares_only_known(self) -> bool:
        """Whether a Deny with this line leaves out known callers only; a negated line holds when the key is missing."""
        if self.operator == "bool":
            return self.key in ONLY_KNOWN_IF_TRUE and set(self.values) == {"false"}
        return self.operator in NEGATIVE and self.quantifier != "any" and self.is_fixed


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; absent elements are empty. ``principals`` are (kind, value), e.g. ("AWS", "*"); "*" is of AWS."""

    allow: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    not_principals: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    sid: str = ""

    @property
    def any_action(self) -> bool:
        """Whether it takes in every action of every service."""
        return any(pattern.strip("*:") == "" and pattern for pattern in self.actions)

    @property
    def any_resource(self) -> bool:
        """Whether it takes in every resource, or leaves out a few only."""
        everywhere = ("*", "arn:*", "arn:*:*", "arn:aws:*", "arn:*:*:*:*:*", "arn:aws:*:*:*:*")
        return bool(self.not_resources) or any(pattern in everywhere for pattern in self.resources)

    @property
    def anyone(self) -> bool:
        """Whether its principals are everyone, before any condition; all but a few named ones count as everyone."""
        return bool(self.not_principals) or ("AWS", "*") in self.principals

    @property
    def limits(self) -> bool:
        """Whether its conditions let known callers through only: an account, an organization, a network, a source."""
        return any(line.admits_only_known for line in self.conditions)

    @property
    def service_wildcards(self) -> list[str]:
        """The patterns of Action that take in all actions of a service, e.g. "ec2:*", or of all services."""
        return [pattern for pattern in self.actions if pattern == "*" or pattern.partition(":")[2] == "*"]

    def covers_action(self, action: str) -> bool:
        if self.not_actions:
            return not any(covers(pattern.lower(), action.lower()) for pattern in self.not_actions)
        return any(covers(pattern.lower(), action.lower()) for pattern in self.actions)

    def covers_resource(self, arn: str) -> bool:
        if self.not_resources:
            return not any(covers(pattern, arn) for pattern in self.not_resources)
        return any(covers(pattern, arn) for pattern in self.resources)


def statements_of(document: Document | None) -> tuple[Statement, ...]:
    """Return the statements of a policy; none for an absent or empty one. Raises ValueError for what is no policy."""
    if not document:
        return ()
    parsed = json.loads(document) if isinstance(document, str) else document
    if not isinstance(parsed, Mapping):
        raise ValueError("a policy document is not a JSON object")
    found = parsed.get("Statement", ())
    return tuple(_statement(one) for one in ([found] if isinstance(found, Mapping) else found))


def public_grants(document: Document | None) -> list[Statement]:
    """Return the Allow statements of a resource's policy that let anyone in, each with the actions that remain.

    Service principals are not anyone: see ``unconfined_services``.
    """
    statements = statements_of(document)
    denials = [one for one in statements if not one.allow and _refuses_unknown(one)]
    open_ones = (one for one in statements if one.allow and one.anyone and not one.limits)
    return [left for one in open_ones for left in _less(one, denials)]


def unconfined_services(document: Document | None) -> list[str]:
    """Return the service principals that are let in whoever they act for, e.g. ["s3.amazonaws.com"], sorted."""
    return sorted(
        {
            name
            for one in statements_of(document)
            if one.allow and not one.limits
            for kind, name in one.principals
            if kind == "Service"
        }
    )


def foreign_accounts(document: Document | None, own: str) -> list[str]:
    """Return the ids of accounts other than ``own`` that Allow statements name as principals, sorted."""
    named = (account_of(name) for one in statements_of(document) if one.allow for kind, name in one.principals)
    return sorted({account for account in named if account and account != own})


def refuses_plain_transport(document: Document | None, *, action: str = "*", resource: str = "") -> bool:
    """Return whether everyone is refused ``action`` (e.g. "s3:*") without TLS, whatever else is allowed.

    ``resource``: what one statement must take in whole; "" for a policy that is of one resource only.
    """
    return any(
        not one.allow
        and ("AWS", "*") in one.principals
        and one.covers_action(action)
        and (not resource or one.covers_resource(resource))
        and [(line.operator, line.key, line.values) for line in one.conditions] == [PLAIN_TRANSPORT]
        for one in statements_of(document)
    )


def allows(statements: Iterable[Statement], action: str) -> bool:
    """Return whether ``action`` is allowed on some resource and not refused on all, of conditions only those of Deny.

    A permission under a condition counts as one; a refusal counts only without a condition and on every resource.
    """
    all_of_them = list(statements)
    refused = any(
        not one.allow and not one.conditions and "*" in one.resources and one.covers_action(action)
        for one in all_of_them
    )
    return not refused and any(one.allow and one.covers_action(action) for one in all_of_them)


def grants_service(statements: Iterable[Statement], service: str) -> bool:
    """Return whether every action of ``service`` is allowed on every resource, conditions of Allow aside.

    An unconditional refusal of any action of it makes the grant less than whole.
    """
    all_of_them = list(statements)
    whole = any(one.allow and one.any_resource and _all_of(one, service) for one in all_of_them)
    return whole and not any(
        not one.allow and not one.conditions and "*" in one.resources and _some_of(one, service) for one in all_of_them
    )


def _all_of(statement: Statement, service: str) -> bool:
    if statement.not_actions:
        return not any(_is_of(pattern, service) for pattern in statement.not_actions)
    return statement.covers_action(f"{service}:*")


def _some_of(statement: Statement, service: str) -> bool:
    if statement.not_actions:
        return statement.covers_action(f"{service}:*")
    return any(_is_of(pattern, service) for pattern in statement.actions)


def _is_of(pattern: str, service: str) -> bool:
    return covers(pattern.lower().partition(":")[0], service)


def account_of(principal: str) -> str:
    """Return the id of the account that an AWS principal is of: an id, or an ARN; "" where none is named."""
    found = re.fullmatch(r"(?:arn:[^:]*:(?:iam|sts)::)?(\d{12})(?::.*)?", principal)
    return found[1] if found else ""


def covers(wide: str, narrow: str) -> bool:
    """Return whether all that the pattern ``narrow`` matches is matched by ``wide``; * and ? as in IAM."""
    return _regex(wide).fullmatch(narrow) is not None


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "[^*]"}
    collapsed = re.sub(r"\*+", "*", pattern)
    return re.compile("".join(wild.get(char) or re.escape(char) for char in collapsed), re.DOTALL)


# --- Reading ----------------------------------------------------------------------------------------------------------


def _statement(raw: Mapping[str, Any]) -> Statement:
    if not isinstance(raw, Mapping) or raw.get("Effect") not in ("Allow", "Deny"):
        raise ValueError("a policy document has a statement without an effect")
    return Statement(
        allow=raw["Effect"] == "Allow",
        actions=_several(raw.get("Action")),
        not_actions=_several(raw.get("NotAction")),
        resources=_several(raw.get("Resource")),
        not_resources=_several(raw.get("NotResource")),
        principals=tuple(_principals(raw.get("Principal"))),
        not_principals=tuple(_principals(raw.get("NotPrincipal"))),
        conditions=tuple(_conditions(raw.get("Condition") or {})),
        sid=str(raw.get("Sid", "")),
    )


def _several(value: Any) -> tuple[str, ...]:
    """Return one value or a list of them as texts, true and false as JSON writes them."""
    many = value if isinstance(value, (list, tuple)) else () if value is None else (value,)
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in many)


def _principals(raw: Any) -> Iterator[tuple[str, str]]:
    if isinstance(raw, Mapping):
        for kind, names in raw.items():
            yield from ((str(kind), name) for name in _several(names))
    else:
        yield from (("AWS", name) for name in _several(raw))


def _conditions(raw: Mapping[str, Mapping[str, Any]]) -> Iterator[Condition]:
    for written, lines in raw.items():
        quantifier, _, operator = written.lower().rpartition(":")
        if_exists = operator.endswith("ifexists")
        operator = operator.removesuffix("ifexists")
        which = {"foranyvalue": "any", "forallvalues": "all"}.get(quantifier, "")
        for key, values in lines.items():
            texts = _several(values)
            lowered = tuple(text.lower() for text in texts) if operator == "bool" else texts
            yield Condition(operator, str(key).lower(), lowered, which, if_exists)


# --- Refusals ---------------------------------------------------------------------------------------------------------


def _refuses_unknown(denial: Statement) -> bool:
    """Return whether ``denial`` hits everyone, or all but known callers."""
    named = denial.anyone and ("AWS", "*") not in denial.not_principals
    return named and all(line.spares_only_known for line in denial.conditions)


def _less(grant: Statement, denials: list[Statement]) -> list[Statement]:
    """Return ``grant`` with the actions that ``denials`` leave of it, or nothing."""
    if grant.not_actions:
        return [] if any(_takes_back(denial, "*", grant) for denial in denials) else [grant]
    left = tuple(action for action in grant.actions if not any(_takes_back(one, action, grant) for one in denials))
    return [replace(grant, actions=left)] if left else []


def _takes_back(denial: Statement, action: str, grant: Statement) -> bool:
    if denial.not_actions and "*" in action:
        return False
    if denial.not_resources or grant.not_resources:
        return denial.covers_action(action) and "*" in denial.resources
    return denial.covers_action(action) and all(denial.covers_resource(arn) for arn in grant.resources)


# --- Conditions that limit --------------------------------------------------------------------------------------------


def _no_wildcard(value: str) -> bool:
    return value != "" and not re.search(r"[*?]|\$\{", value)


def _own_account(value: str) -> bool:
    return value.lower() in ("${aws:resourceaccount}", "${aws:principalaccount}") or _no_wildcard(value)


def _own_organization(value: str) -> bool:
    return value.lower() in ("${aws:resourceorgid}", "${aws:principalorgid}") or _no_wildcard(value)


def _known_arn(value: str) -> bool:
    """Return whether an ARN with wildcards is bound to one account, or else has none."""
    parts = value.split(":", 5)
    return _no_wildcard(value) or (len(parts) == 6 and re.fullmatch(r"\d{12}", parts[4]) is not None)


def _known_beginning(separator: str) -> Callable[[str], bool]:
    return lambda value: _no_wildcard(value.partition(separator)[0])


def _narrow_range(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= (WIDEST_IPV4 if network.version == 4 else WIDEST_IPV6)


LIMITING: Mapping[str, Callable[[str], bool]] = {
    "aws:principalaccount": _own_account,
    "aws:principalarn": _known_arn,
    "aws:principalorgid": _own_organization,
    "aws:principalorgpaths": _known_beginning("/"),
    "aws:principalservicename": _no_wildcard,
    "aws:resourceaccount": lambda value: value.lower() == "${aws:principalaccount}",
    "aws:resourceorgid": lambda value: value.lower() == "${aws:principalorgid}",
    "aws:sourceaccount": _own_account,
    "aws:sourcearn": _known_arn,
    "aws:sourceip": _narrow_range,
    "aws:sourceorgid": _own_organization,
    "aws:sourceorgpaths": _known_beginning("/"),
    "aws:sourceowner": _no_wildcard,
    "aws:sourcevpc": _no_wildcard,
    "aws:sourcevpcarn": _known_arn,
    "aws:sourcevpce": _no_wildcard,
    "aws:userid": _known_beginning(":"),
    "aws:vpceaccount": _own_account,
    "aws:vpceorgid": _own_organization,
    "aws:vpceorgpaths": _known_beginning("/"),
    "kms:calleraccount": _no_wildcard,
    "s3:dataaccesspointaccount": _no_wildcard,
    "s3:dataaccesspointarn": _known_arn,
}
"""Condition keys that say who calls or on whose behalf, with the test of a value that stands for known callers."""

ONLY_KNOWN_IF_TRUE = frozenset({"aws:principalisawsservice", "elasticfilesystem:accessedviamounttarget"})
