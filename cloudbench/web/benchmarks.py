"""The list of benchmarks as its page shows it: one card for each, with what every account made of it last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloudbench.lib.benchmarks import Benchmark
from cloudbench.models import Benchmark as StoredBenchmark
from cloudbench.models import CloudAccount, Run
from cloudbench.selectors.benchmarks import document_of

MOST_ACCOUNTS = 5
"""So many accounts a card names, those with the lowest scores; the history has the others."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one account last made of one benchmark; ``live`` is the run that is under way."""

    account: CloudAccount
    run: Run | None
    live: Run | None


@dataclass(frozen=True, slots=True)
class Card:
    """One benchmark: ``lines`` of accounts that ran it, ``more`` of them that are not shown, ``never`` ran it yet."""

    stored: StoredBenchmark
    document: Benchmark
    lines: Sequence[Line]
    more: int
    never: int

    @property
    def only(self) -> Line | None:
        """Return the one line, where there is but one."""
        return self.lines[0] if len(self.lines) == 1 and not self.never else None


def cards(
    benchmarks: Iterable[StoredBenchmark], accounts: Sequence[CloudAccount], latest: Iterable[Run],
    under_way: Iterable[Run],
) -> list[Card]:  # fmt: skip
    """Return a card for each of ``benchmarks``; of several ``accounts``, those with the lowest scores come first."""
    last = {(run.benchmark.slug, run.account_id): run for run in latest}
    live = {(run.benchmark.slug, run.account_id): run for run in under_way}
    return [card(stored, accounts, last, live) for stored in benchmarks]


Runs = dict[tuple[str, int], Run]
"""By benchmark and account."""


def card(stored: StoredBenchmark, accounts: Sequence[CloudAccount], last: Runs, live: Runs) -> Card:
    lines = [
        Line(account, last.get((stored.slug, account.pk)), live.get((stored.slug, account.pk))) for account in accounts
    ]
    told = [line for line in lines if line.run or line.live] if len(accounts) > 1 else lines
    told.sort(key=lambda line: (line.live is None, worst_first(line.run)))
    return Card(stored, document_of(stored), told[:MOST_ACCOUNTS], len(told[MOST_ACCOUNTS:]), len(lines) - len(told))


def worst_first(run: Run | None) -> float:
    return 101.0 if run is None or run.score is None else run.score
