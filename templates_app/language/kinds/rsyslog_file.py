"""Permissions of the log files that rsyslog's configuration names."""

from collections.abc import Iterable
from typing import Any

from templates_app.language.facts import Facts, Unknown
from templates_app.language.observations import Evidence, FileMode, Item, Observed, shown
from templates_app.language.registry import Kind, Need, Probe, register


class RsyslogFileProbe(Probe):
    """Every file with a fixed path that /etc/rsyslog.conf, or a file it includes, writes to. A file that is not there
    yet is left out.

    Section rsyslog_files: {"config": "ok|absent|denied", "files": [[path, [mode, uid, gid, owner, group, kind] | null |
    "denied", source file, line], ...]}.
    """


def needs(probe: RsyslogFileProbe) -> Iterable[Need]:
    return [Need("rsyslog_files")]


def observe(probe: RsyslogFileProbe, facts: Facts) -> Observed:
    section: Any = facts.value("rsyslog_files")
    if section["config"] == "absent":
        none = (Evidence("/etc/rsyslog.conf", None, "", "no such file"),)
        return Observed(absent="there is no /etc/rsyslog.conf, so rsyslog writes no files", evidence=none)
    unread = "" if section["config"] == "ok" else "needs root: rsyslog's configuration may not be read"
    items = []
    for path, mode, source, line in section["files"]:
        if mode == "denied":
            unread = unread or f"needs root: the directory of {path} may not be entered"
        elif mode is not None:
            items.append(file_item(path, FileMode(*mode), source, line))
    absent = f"none of the {len(section['files'])} log files in rsyslog's configuration exists yet"
    if not section["files"]:
        absent = "rsyslog's configuration names no log file"
    if not items and unread:
        raise Unknown(unread)
    named = [Evidence(source, line, path, "names it") for path, _, source, line in section["files"]]
    looked = tuple(named or [Evidence("/etc/rsyslog.conf", None, "", "names no log file")])
    return Observed(tuple(items), absent, not unread, looked, unread)


def file_item(path: str, mode: FileMode, source: str, line: int) -> Item:
    evidence = (
        Evidence(path, None, f"{mode.mode:04o} {mode.owner}:{mode.group}", "stat"),
        Evidence(source, line, path, "names it"),
    )
    return Item(mode, path, evidence, f"{path}: {shown(mode)} (named in {source} line {line})")


def describe(probe: RsyslogFileProbe) -> str:
    return "every log file named in rsyslog's configuration"


register(Kind("rsyslog_file", RsyslogFileProbe, needs, observe, describe, "Log files named in rsyslog's configuration"))
