"""What trails record, and where. Pure reasoning about CloudTrail's rows, for every check that asks.

one_that(view, holds, reads)         the first trail of the account for which ``holds`` is true
is_copy(trail, view)                 whether another row shows the same trail
is_logging(trail, view)              whether it records at present
management_events(trail, view)       the kinds of management events that it records, and the sources left out
data_events(trail, view, of)         the kinds of data events that it records of every resource of a type
records_data_of(trail, view, of, arn, kind)  whether it records one kind of data events of one resource
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cloudbench.engine.inventory import Failure, FailureKind, NotOffered, Resource, Unread
from cloudbench.engine.registry import View

TRAILS, STATUSES, SELECTORS = "cloudtrail.trails", "cloudtrail.trail_statuses", "cloudtrail.event_selectors"
READ, WRITE = "read", "write"
KINDS: Mapping[str, frozenset[str]] = {
    "ReadOnly": frozenset({READ}),
    "WriteOnly": frozenset({WRITE}),
    "All": frozenset({READ, WRITE}),
}
EVERY_ARN = ("arn:aws:s3", "arn:aws:s3:::", "arn:aws:lambda")
"""Classic selectors' values for all resources of a type, in the standard partition."""
Fields = Mapping[str, Mapping[str, list[str]]]


# --- Which trail ------------------------------------------------------------------------------------------------------


def is_copy(trail: Resource, view: View) -> bool:
    """Return whether another row shows the same trail: that of its home region, or of an earlier scanned one."""
    if trail.region == trail["HomeRegion"]:
        return False
    regions = [row.region for row in view[TRAILS] if row.arn == trail.arn]
    return trail["HomeRegion"] in regions or trail.region != regions[0]


def one_that(
    view: View, holds: Callable[[Resource], bool], reads: Iterable[str] = (TRAILS, STATUSES, SELECTORS)
) -> Resource | None:
    """Return the first trail for which ``holds``, else None. What one good trail shows, no other trail can spoil.

    Raises Unread when none holds and something of a trail, or of a region's trails, could not be read.
    """
    unread: list[Unread] = []
    for trail in distinct_trails(view, unread):
        try:
            if holds(trail):
                return trail
        except Unread as error:
            unread.append(error)
    if unread:
        raise unread[0]
    note_unread(view, reads)
    return None


def distinct_trails(view: View, unread: list[Unread]) -> Iterator[Resource]:
    """Yield each trail that any scanned region shows, once; put regions that could not be read into ``unread``."""
    met: set[str] = set()
    for region in view.regions:
        try:
            rows = view.in_region(TRAILS, region)
        except Unread as error:
            unread.append(error)
            continue
        except NotOffered:
            continue
        for row in rows:
            if row.arn not in met:
                met.add(row.arn)
                yield row


def note_unread(view: View, reads: Iterable[str]) -> None:
    """Note what could not be read of ``reads``: whoever fails without having looked at all of it tells so."""
    for collection in reads:
        view[collection]


def is_logging(trail: Resource, view: View) -> bool:
    status = view.one_of(STATUSES, trail)
    return bool(status and status.get("IsLogging"))


def cannot_see(words: str, region: str) -> Unread:
    """Return the error for what no permission of this account can show."""
    return Unread(Failure(FailureKind.SERVICE, words, "", region))


# --- What it records --------------------------------------------------------------------------------------------------


def management_events(trail: Resource, view: View) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of management events that ``trail`` records (read, write) and the event sources left out.

    A trail without selectors of its own records all of them. An advanced selector with another restriction than by
    kind and source does not count.
    """
    classic, advanced = _selectors(trail, view)
    if not classic and not advanced:
        return KINDS["All"], frozenset()
    kinds: set[str] = set()
    left_out: set[str] = set()
    for one in classic:
        if one.get("IncludeManagementEvents", True):
            kinds |= KINDS[one.get("ReadWriteType", "All")]
            left_out |= set(one.get("ExcludeManagementEventSources") or ())
    for fields in advanced:
        if _category(fields) != "Management" or not _only_restricts(fields, {"eventSource"}):
            continue
        if set(fields.get("eventSource", {})) <= {"NotEquals"}:
            kinds |= _kinds(fields)
            left_out |= set(fields.get("eventSource", {}).get("NotEquals", ()))
    return frozenset(kinds), frozenset(left_out)


def data_events(trail: Resource, view: View, of: str) -> frozenset[str]:
    """Return the kinds of data events that ``trail`` records of every resource of the type ``of``.

    A trail's own bucket may be left out, for it would record its own writing.
    """
    classic, advanced = _selectors(trail, view)
    kinds: set[str] = set()
    for one in classic:
        if any(value in _every(trail) for value in _values(one, of)):
            kinds |= KINDS[one.get("ReadWriteType", "All")]
    for fields in advanced:
        if _is_data(fields, of) and _only_restricts(fields, {"resources.ARN"}) and _spares_own_bucket(fields, trail):
            kinds |= _kinds(fields)
    return frozenset(kinds)


def records_data_of(trail: Resource, view: View, of: str, arn: str, kind: str) -> bool:
    """Return whether ``trail`` records data events of one resource."""
    classic, advanced = _selectors(trail, view)
    for one in classic:
        values = _values(one, of)
        if kind in KINDS[one.get("ReadWriteType", "All")] and (arn in values or set(values) & set(_every(trail))):
            return True
    return any(
        _is_data(fields, of)
        and kind in _kinds(fields)
        and _only_restricts(fields, {"resources.ARN"})
        and _matches(fields.get("resources.ARN", {}), arn)
        for fields in advanced
    )


def data_types(trail: Resource, view: View) -> set[str]:
    """Return the types of resources of which ``trail`` records any data events."""
    classic, advanced = _selectors(trail, view)
    found = {data["Type"] for one in classic for data in one.get("DataResources") or () if data.get("Values")}
    for fields in advanced:
        if _category(fields) == "Data":
            found |= set(fields.get("resources.type", {}).get("Equals", ()))
    return found


def _selectors(trail: Resource, view: View) -> tuple[list[Mapping[str, Any]], list[Fields]]:
    row = view.one_of(SELECTORS, trail)
    if row is None:
        return [], []
    advanced = [_fields(one.get("FieldSelectors", ())) for one in row.get("AdvancedEventSelectors") or ()]
    return row.get("EventSelectors") or [], advanced


def _fields(selectors: Iterable[Mapping[str, Any]]) -> Fields:
    return {
        one["Field"]: {operator: values for operator, values in one.items() if operator != "Field" and values}
        for one in selectors
    }


def _category(fields: Fields) -> str:
    return next(iter(fields.get("eventCategory", {}).get("Equals", ())), "")


def _is_data(fields: Fields, of: str) -> bool:
    return _category(fields) == "Data" and of in fields.get("resources.type", {}).get("Equals", ())


def _kinds(fields: Fields) -> frozenset[str]:
    """Return the kinds that readOnly lets through; without it, or where it says both, these are all."""
    values = set(fields.get("readOnly", {}).get("Equals", ()))
    return {frozenset({"true"}): KINDS["ReadOnly"], frozenset({"false"}): KINDS["WriteOnly"]}.get(
        frozenset(values), KINDS["All"]
    )


def _only_restricts(fields: Fields, by: set[str]) -> bool:
    return set(fields) <= {"eventCategory", "resources.type", "readOnly", *by}


def _spares_own_bucket(fields: Fields, trail: Resource) -> bool:
    arns = fields.get("resources.ARN", {})
    own = f":s3:::{trail.get('S3BucketName')}/"
    return set(arns) <= {"NotEquals", "NotStartsWith"} and all(
        own in f"{value}/" for values in arns.values() for value in values
    )


def _values(selector: Mapping[str, Any], of: str) -> list[str]:
    return [
        value
        for data in selector.get("DataResources") or ()
        if data["Type"] == of
        for value in data.get("Values") or ()
    ]


def _every(trail: Resource) -> list[str]:
    partition = trail.arn.split(":")[1]
    return [value.replace("arn:aws:", f"arn:{partition}:") for value in EVERY_ARN]


def _matches(tests: Mapping[str, list[str]], arn: str) -> bool:
    """Return whether ``arn`` passes an advanced selector's operators, all of which must hold."""
    holds: Mapping[str, Callable[[str], bool]] = {
        "Equals": lambda value: arn == value,
        "StartsWith": arn.startswith,
        "EndsWith": arn.endswith,
    }
    return all(
        not any(holds[operator.removeprefix("Not")](value) for value in values)
        if operator.startswith("Not")
        else any(holds[operator](value) for value in values)
        for operator, values in tests.items()
    )
