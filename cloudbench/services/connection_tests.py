"""Connection tests: who are we there, which regions are open, and which permissions are missing."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from time import monotonic

from cloudbench.engine.answers import matches
from cloudbench.engine.inventory import Data
from cloudbench.engine.permissions import action_of
from cloudbench.engine.plan import Plan, plan_for
from cloudbench.engine.registry import Collection, Scope
from cloudbench.engine.session import CallFailed, CredentialsRefused, Denied, Passing, Session, Throttled, whoami
from cloudbench.models import CloudAccount
from cloudbench.providers.aws_catalogue import smallest_pages
from cloudbench.selectors.access_policies import checks_of
from cloudbench.services.sessions import session_for
from organizations import audit
from organizations.models.users import Actor
from organizations.permissions import require

LONGEST_S = 55.0
"""Seconds from the start after which nothing more is waited for; one call takes less than CALL_S more."""
CALL_S = 10.0
AT_ONCE = 16
NEEDS_RESOURCE = "It is asked about single resources; a run tells."


@dataclass(frozen=True)
class Unchecked:
    """An IAM action that the test did not try, and why, as a sentence."""

    permission: str
    reason: str


@dataclass
class ConnectionTest:
    """What a test found. ``problems`` are sentences; ``checked`` and ``missing_permissions`` IAM actions, sorted."""

    account_id: str = ""
    regions: list[str] = field(default_factory=list)
    missing_permissions: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: list[Unchecked] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.problems and not self.missing_permissions


def try_connection(*, actor: Actor, account: CloudAccount, benchmarks: Sequence[str] = ()) -> ConnectionTest:
    """Enter ``account`` and try what its ``benchmarks`` (slugs; all unless given) list, each operation once.

    Takes a minute at most. Raises PermissionDenied without manage_settings, Invalid for an unknown benchmark.
    """
    require(actor, "manage_settings", account.organization)
    plan = plan_for(checks_of(benchmarks))
    started = monotonic()
    test = ConnectionTest()
    try:
        session = session_for(account, read_timeout_s=CALL_S)
        enter(session, account, test)
    except CallFailed as failure:
        test.problems.append(refusal_of(account, failure))
    else:
        if not test.problems:
            try_listings(session, account, plan, test, started + LONGEST_S)
    test.seconds = round(monotonic() - started, 2)
    audit.record(actor=actor, action="cloud_account.tested", subject=account, before=audit.before(account))
    return test


def refusal_of(account: CloudAccount, failure: CallFailed) -> str:
    """Return why the account cannot be entered, and what to do."""
    if not isinstance(failure, CredentialsRefused | Denied):
        return f"AWS could not be asked: {failure.message or failure.code}. Try again; check the server's network."
    if "there are no usable credentials" in failure.message:
        return "This server has no AWS credentials of its own; store access keys beside the role, or give it some."
    if account.access == CloudAccount.Access.ROLE:
        return (
            f"AWS refused to let us assume {account.role_arn} ({failure.code}). Check that the role exists, that its "
            "trust policy names the identity this server runs as and the external id shown here, and that this "
            "identity may call sts:AssumeRole."
        )
    return f"AWS refused the access keys ({failure.code}). Check that they are active and were copied whole."


def enter(session: Session, account: CloudAccount, test: ConnectionTest) -> None:
    """Note whose account it is and which regions are open. Raises CallFailed when the credentials are refused."""
    found = whoami(session)
    test.account_id = found.id
    test.checked.append(action_of("sts.get_caller_identity"))
    if found.id != account.account_id:
        test.problems.append(
            f"These credentials lead into account {found.id}, not {account.account_id}. "
            "Give those of the right account, or correct the account id."
        )
        return
    regions = action_of("ec2.describe_regions")
    try:
        answer = session.call("ec2.describe_regions", session.home, {})
    except Denied:
        test.missing_permissions.append(regions)
        return
    except (Throttled, Passing) as failure:
        test.not_checked.append(Unchecked(regions, no_answer(failure)))
        return
    test.checked.append(regions)
    test.regions = sorted(str(region["RegionName"]) for region in answer["Regions"])
    if closed := [region for region in account.regions if region not in test.regions]:
        test.problems.append(
            f"Not enabled in this account: {', '.join(closed)}. Enable them in AWS, or take them off the list."
        )


def try_listings(session: Session, account: CloudAccount, plan: Plan, test: ConnectionTest, until: float) -> None:
    """Make one call of each listing operation of ``plan`` and note which were denied."""
    listings = {one.operation: one for one in reversed(plan.collections) if not one.of}
    details = {one.operation for one in plan.collections} - listings.keys()
    known = {*test.checked, *test.missing_permissions}
    pages = smallest_pages(listings)
    here = next((region for region in account.regions if region in test.regions), session.home)
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="connection-test")
    calls = {
        pool.submit(
            said_of, session, one, region_for(one, here, session.home), params_of(one, account, pages)
        ): operation
        for operation, one in listings.items()
        if action_of(operation) not in known
    }
    ended, late = wait(calls, timeout=max(0.0, until - monotonic()))
    pool.shutdown(wait=False, cancel_futures=True)
    said = {calls[call]: call.result() for call in ended} | {calls[call]: "There was no time left." for call in late}
    note(test, said, details)


def region_for(collection: Collection, here: str, home: str) -> str:
    """Return where to call: ``here`` for what regions have, ``home`` for what an account has once."""
    wanted = home if collection.scope is Scope.GLOBAL else here
    return wanted if not collection.regions or wanted in collection.regions else collection.regions[0]


def params_of(collection: Collection, account: CloudAccount, pages: Mapping[str, Data]) -> Data:
    """Return the parameters of the one call: those of the listing, with the smallest page."""
    return {**collection.params_in(account.account_id), **pages[collection.operation]}


def said_of(session: Session, collection: Collection, region: str, params: Data) -> str | None:
    """Make one call; return None when it was permitted, "" when it was denied, else why that cannot be told."""
    if not session.offers(collection.client, region):
        return f"AWS does not offer it in {region}."
    try:
        session.call(collection.operation, region, params)
    except Denied as failure:
        return None if matches(failure, collection.absent) else ""
    except (Throttled, Passing, CredentialsRefused) as failure:
        return no_answer(failure)
    except CallFailed:
        return None  # AWS looked at the request itself, which it does only after it has looked at the permission
    return None


def no_answer(failure: CallFailed) -> str:
    if isinstance(failure, Throttled):
        return "AWS asked for fewer calls; try again later."
    return f"AWS did not answer it as it should ({failure.code})."


def note(test: ConnectionTest, said: dict[str, str | None], details: Iterable[str]) -> None:
    """Sort what the calls said into ``test``, by IAM action: what one call was denied for is missing."""
    missing = {action_of(operation) for operation, word in said.items() if word == ""}
    allowed = {action_of(operation) for operation, word in said.items() if word is None}
    test.missing_permissions = sorted({*test.missing_permissions, *missing})
    test.checked = sorted({*test.checked, *missing, *allowed})
    reasons = {action_of(operation): NEEDS_RESOURCE for operation in details}
    reasons |= {action_of(operation): word for operation, word in said.items() if word}
    known = {*test.checked, *test.missing_permissions}
    test.not_checked += [Unchecked(one, reasons[one]) for one in sorted(reasons) if one not in known]
