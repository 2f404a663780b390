"""Plans: from what checks need to the script that brings it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from compliance.engine.collectors import script
from compliance.engine.collectors.registry import COLLECTORS, Collector, Os
from compliance.engine.collectors.script import ALWAYS
from templates_app.language.registry import Need

COLLECTOR_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one collection asks of a target: for each section the args, in a fixed order."""

    os: Os
    sections: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(json.dumps([COLLECTOR_VERSION, self.os, self.sections]).encode()).hexdigest()

    def stage(self, *, slow: bool) -> "list[tuple[Collector, tuple[str, ...]]]":
        """Return the collectors of the fast or of the slow stage with their args."""
        chosen = [(COLLECTORS[self.os, name], args) for name, args in self.sections]
        return [(collector, args) for collector, args in chosen if collector.slow is slow]

    def script(self, *, nonce: str, slow: bool = False) -> str:
        return script.build(self.stage(slow=slow), nonce=nonce, nice=slow)

    def count(self, *, slow: bool) -> int:
        return len(self.stage(slow=slow))


def plan(needs: Iterable[Need], os: Os = Os.LINUX) -> Plan:
    """Return the plan that brings ``needs``, whatever their order and however often they are named.

    Raises KeyError for a section that has no collector on ``os``.
    """
    wanted: dict[str, set[str]] = {ALWAYS: set()}
    for need in needs:
        if (os, need.section) not in COLLECTORS:
            raise KeyError(f"no collector reads {need.section} on {os}")
        args = wanted.setdefault(need.section, set())
        if need.arg:
            args.add(need.arg)
    return Plan(
        os,
        tuple((name, tuple(sorted(wanted[name]))) for name in sorted(wanted, key=order)),
    )


def order(name: str) -> tuple[bool, str]:
    return name != ALWAYS, name
