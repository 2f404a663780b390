"""What can be asked of a collection: its tables, what stands in them, and examples that fit them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Max, QuerySet

from cloudbench.engine import collectors  # noqa: F401 - registers all
from cloudbench.engine.registry import COLLECTIONS
from cloudbench.lib.query_runner import ALL, BASE, table_name
from cloudbench.models import Run, Snapshot
from cloudbench.selectors.findings import all_parts
from cloudbench.selectors.runs import with_names

KEPT_S = 3600
"""So long the tables of a collection are remembered; they do not change once it is completed."""


@dataclass(frozen=True)
class Table:
    """A table of a question: its columns in order, how many rows it has, and what could not be read of it."""

    name: str
    columns: tuple[str, ...]
    rows: int
    unread: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A question that works where its tables were collected; each row that it gives is a fault."""

    title: str
    tables: tuple[str, ...]
    sql: str


EXAMPLES = (
    Example(
        "How many resources of each kind, in which region", (ALL,),
        "SELECT collection, region, count(*) AS resources\nFROM resources\nGROUP BY 1, 2\nORDER BY 3 DESC",
    ),
    Example(
        "Buckets without versioning", ("s3_bucket_versioning",),
        "SELECT arn, region, coalesce(Status, 'never switched on') AS versioning\n"
        "FROM s3_bucket_versioning\nWHERE Status IS NOT 'Enabled'",
    ),
    Example(
        "Security group rules that are open to everybody", ("ec2_security_groups",),
        "SELECT g.arn, g.region, g.GroupName,\n"
        "       json_extract(p.value, '$.FromPort') AS from_port, json_extract(p.value, '$.ToPort') AS to_port\n"
        "FROM ec2_security_groups g, json_each(g.IpPermissions) p\n"
        "WHERE p.value LIKE '%\"0.0.0.0/0\"%' OR p.value LIKE '%\"::/0\"%'",
    ),
    Example(
        "Instances without the tag Owner", ("ec2_instances",),
        "SELECT arn, region, InstanceType\nFROM ec2_instances i\n"
        "WHERE NOT EXISTS (SELECT 1 FROM json_each(i.Tags) t WHERE json_extract(t.value, '$.Key') = 'Owner')",
    ),
    Example(
        "Volumes that belong to no instance", ("ec2_volumes",),
        "SELECT arn, region, Size, CreateTime\nFROM ec2_volumes\nWHERE State = 'available'\nORDER BY Size DESC",
    ),
    Example(
        "Users who have a password and no second factor", ("iam_credentials",),
        "SELECT arn, user, password_last_used\nFROM iam_credentials\n"
        "WHERE password_enabled = 'true' AND mfa_active = 'false'",
    ),
    Example(
        "Roles that anybody outside may try to assume", ("iam_roles",),
        "SELECT arn, RoleName, AssumeRolePolicyDocument\nFROM iam_roles\n"
        "WHERE AssumeRolePolicyDocument LIKE '%\"AWS\":\"*\"%'",
    ),
    Example(
        "Log groups that keep everything for ever", ("logs_log_groups",),
        "SELECT arn, region, storedBytes\nFROM logs_log_groups\nWHERE retentionInDays IS NULL\nORDER BY 3 DESC",
    ),
)  # fmt: skip


def tables_of(snapshot: Snapshot) -> list[Table]:
    """Return the tables that can be asked of a completed ``snapshot`` whose facts are kept, by name."""
    key = f"cloud.tables.{snapshot.pk}"
    found: list[Table] | None = cache.get(key)
    if found is None:
        found = _read_tables(snapshot)
        cache.set(key, found, KEPT_S)
    return found


def _read_tables(snapshot: Snapshot) -> list[Table]:
    columns: dict[str, dict[str, None]] = {ALL: dict.fromkeys(("collection", *BASE))}
    rows: dict[str, int] = {ALL: 0}
    unread: dict[str, dict[str, None]] = {}
    for part in all_parts(snapshot):
        kept = COLLECTIONS[part.collection].keep if part.collection in COLLECTIONS else ()
        table = table_name(part.collection)
        names = columns.setdefault(table, dict.fromkeys((*BASE, *kept)))
        for row in part.rows:
            names.update(dict.fromkeys(row.data))
            rows[table] = rows.get(table, 0) + 1
            rows[ALL] += 1
        unread.setdefault(table, {}).update(dict.fromkeys(failure.words for failure in part.failures))
    return [
        Table(name, tuple(once(columns[name])), rows.get(name, 0), tuple(unread.get(name, ())))
        for name in sorted(columns, key=lambda name: (name != ALL, name))
    ]


def once(names: Iterable[str]) -> list[str]:
    """Return ``names`` without those that differ from an earlier one in capitals only: SQL does not tell them apart."""
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(name.lower(), name)
    return list(known.values())


def examples_for(tables: Sequence[Table]) -> list[Example]:
    """Return the examples whose tables are all among ``tables``."""
    there = {table.name for table in tables}
    return [example for example in EXAMPLES if there.issuperset(example.tables)]


def askable(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Return of ``runs`` one for each completed collection whose facts are kept, the newest first."""
    kept = runs.filter(status=Run.Status.COMPLETED, snapshot__pruned_at=None)
    kept = kept.filter(snapshot__status=Snapshot.Status.COMPLETED).order_by()
    newest = kept.values("snapshot").annotate(newest=Max("pk")).values("newest")
    return with_names(Run.objects.filter(pk__in=newest)).order_by("-pk")
