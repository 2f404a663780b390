"""Which checks and which IAM actions benchmarks take."""

from collections.abc import Iterable, Sequence

import cloudbench.engine.checks
import cloudbench.engine.collectors
from cloudbench.engine.plan import actions_for
from cloudbench.engine.registry import CHECKS
from cloudbench.models import Benchmark
from organizations.errors import Invalid

REGISTERED = (cloudbench.engine.checks, cloudbench.engine.collectors)
"""Imported, for that registers them."""


def checks_of(slugs: Sequence[str]) -> list[str]:
    """Return the ids of the checks of the newest revisions of these benchmarks, sorted; of none, of all that there are.

    Raises Invalid, naming the field benchmarks, for an unknown slug.
    """
    if not slugs:
        return sorted(CHECKS)
    newest = Benchmark.objects.newest()
    known = set(newest.values_list("slug", flat=True))
    if unknown := [slug for slug in slugs if slug not in known]:
        there = ", ".join(sorted(known)) or "none; the operator loads them with manage.py load_content"
        raise Invalid({"benchmarks": f"There is no benchmark {unknown[0][:100]!r}. There are: {there}."})
    documents = newest.filter(slug__in=slugs).values_list("document", flat=True)
    named = {check for document in documents for control in document["controls"] for check in control["checks"]}
    return sorted(named & CHECKS.keys())


def actions_of(slugs: Sequence[str]) -> list[str]:
    """Return the IAM actions that evaluating these benchmarks takes, sorted. Raises Invalid for an unknown one."""
    return actions_for(checks_of(slugs))


def wanted_slugs(texts: Iterable[str]) -> list[str]:
    """Return the slugs of "a,b" or of several such texts, each once, in their order."""
    return list(dict.fromkeys(slug for text in texts for slug in text.replace(",", " ").split()))
