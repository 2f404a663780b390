"""Running processes: the users that those of one name run as."""

from collections.abc import Iterable
from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, Item, Observed
from templates_app.language.registry import Kind, Need, Probe, register


class ProcessProbe(Probe):
    """``name`` is the program's name, such as chronyd. One item for each user that processes of it run as.

    Section process: {name: [user, ...]}; an empty list when no such process runs.
    """

    name: str


def needs(probe: ProcessProbe) -> Iterable[Need]:
    return [Need("process", probe.name)]


def observe(probe: ProcessProbe, facts: Facts) -> Observed:
    processes: Any = facts.value("process")
    users = processes.get(probe.name)
    if users is None:
        raise Unknown(f"processes named {probe.name} were not looked for")
    if not users:
        looked = (Evidence("process table", None, "", f"no process named {probe.name}"),)
        return Observed(absent=f"no process {probe.name} runs", evidence=looked)
    return Observed(tuple(item(probe.name, user) for user in users))


def item(name: str, user: str) -> Item:
    text = f"process {name} runs as {user}"
    return Item(user, f"process {name}", (Evidence("process table", None, user, text),), text)


def describe(probe: ProcessProbe) -> str:
    return f"the user of process {probe.name}"


register(Kind("process", ProcessProbe, needs, observe, describe, "The users that a program's processes run as"))
