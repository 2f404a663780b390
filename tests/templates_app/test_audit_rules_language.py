"""Audit rules are compared by what they record, not by how they are written."""

import pytest

from templates_app.language.audit_coverage import Event, RuleSet
from templates_app.language.audit_rules import filters_of, parse, rule_of

USERS = ("auid>=1000", "auid!=unset")
MERGED_USR = {"/bin": "/usr/bin", "/sbin": "/usr/sbin", "/var/run": "/run"}


def seen(rules: list[str], event: Event, abis: tuple[str, ...] = ("b64", "b32")) -> bool:
    known = RuleSet([rule_of(parse(text)) for text in rules], MERGED_USR)
    parts = event.parts() or [event]
    return all(known.seen_by(part, arch) is not None for part in parts for arch in abis)


def call(name: str, *filters: str) -> Event:
    return Event(filters_of(filters), call=name)


def access(path: str, letters: str, *filters: str) -> Event:
    return Event(filters_of(filters), path=path.rstrip("/"), whole=path.endswith("/"), access=letters)


def both(text: str) -> list[str]:
    return [text.format(arch) for arch in ("b64", "b32")]


@pytest.mark.parametrize(
    ("rules", "event"),
    [
        pytest.param(both("-a always,exit -F arch={} -S chmod,chown -k x"), call("chmod"), id="one line, many calls"),
        pytest.param(both("-a always,exit -F arch={} -S chown -S chmod"), call("chmod"), id="many -S"),
        pytest.param(both("-a exit,always -S chmod -F arch={}"), call("chmod"), id="order of words"),
        pytest.param(both("-a always,exit -F arch={} -S all"), call("chmod"), id="every call"),
        pytest.param(
            both("-a always,exit -F arch={} -S chmod -F auid>=1000 -F auid!=4294967295"),
            call("chmod", *USERS),
            id="unset as a number",
        ),
        pytest.param(
            both("-a always,exit -F arch={} -S chmod -F auid>=500 -F loginuid!=-1"),
            call("chmod", *USERS),
            id="wider filter under another name",
        ),
        pytest.param(both("-a always,exit -F arch={} -S chmod"), call("chmod", *USERS), id="no filter at all"),
        pytest.param(
            both("-a always,exit -F arch={} -S chmod -F auid!=0"), call("chmod", *USERS), id="filter that follows"
        ),
        pytest.param(
            both("-a always,exit -F arch={} -S open -F success=0"), call("open", "exit=-EACCES"), id="every failure"
        ),
        pytest.param(both("-a always,exit -F arch={} -S open -F exit=-13"), call("open", "exit=-EACCES"), id="errno"),
        pytest.param(["-w /bin/kmod -p x -k other"], access("/usr/bin/kmod", "x", *USERS), id="watch through a link"),
        pytest.param(["-w /var/run/utmp -p wa"], access("/run/utmp", "wa"), id="var run"),
        pytest.param(["-w /etc/passwd"], access("/etc/passwd", "wa"), id="watch without letters"),
        pytest.param(
            ["-w /etc/passwd -p w", "-w /etc/passwd -p a"], access("/etc/passwd", "wa"), id="letter by letter"
        ),
        pytest.param(["-w /etc -p rwxa"], access("/etc/pam.d/", "wa"), id="directory above"),
        pytest.param(["-a always,exit -F dir=/etc/pam.d -F perm=wa"], access("/etc/pam.d/", "wa"), id="dir"),
        pytest.param(
            both("-a always,exit -F arch={} -F path=/etc/shadow -F perm=wa"), access("/etc/shadow", "wa"), id="path"
        ),
        pytest.param(
            both("-a always,exit -F arch={} -S execve,execveat"), access("/usr/bin/su", "x", *USERS), id="any program"
        ),
        pytest.param(
            ["-a never,exit -F exe=/usr/bin/noisy", "-w /etc/passwd -p wa"],
            access("/etc/passwd", "wa"),
            id="an exception for one program",
        ),
        pytest.param(
            ["-w /etc/passwd -p wa", "-a never,exit -F path=/etc/passwd"],
            access("/etc/passwd", "wa"),
            id="an exception that comes too late",
        ),
    ],
)
def test_rules_cover_what_they_record(rules, event):
    assert seen(rules, event)


@pytest.mark.parametrize(
    ("rules", "event"),
    [
        pytest.param(["-a always,exit -F arch=b64 -S chmod"], call("chmod"), id="b64 only"),
        pytest.param(["-a always,exit -S chmod"], call("chmod"), id="no arch, so only the native call numbers"),
        pytest.param(both("-a always,exit -F arch={} -S fchmod"), call("chmod"), id="another call"),
        pytest.param(
            both("-a always,exit -F arch={} -S chmod -F auid>=1001 -F auid!=unset"),
            call("chmod", *USERS),
            id="narrower",
        ),
        pytest.param(
            both("-a always,exit -F arch={} -S chmod -F uid!=0"), call("chmod", *USERS), id="filter on something else"
        ),
        pytest.param(
            both("-a always,exit -F arch={} -S chmod -F exe=/bin/chmod"), call("chmod", *USERS), id="one program only"
        ),
        pytest.param(
            both("-a always,exit -F arch={} -S open -F success=1"), call("open", "exit=-EPERM"), id="successes only"
        ),
        pytest.param(
            both("-a always,exit -F arch={} -S open -F exit=-EACCES"), call("open", "exit=-EPERM"), id="other failure"
        ),
        pytest.param(both("-a always,exit -F arch={} -S chmod -F --odd"), call("chmod"), id="not understood"),
        pytest.param(both("-a always,user -F arch={} -S chmod"), call("chmod"), id="another list"),
        pytest.param(["-w /etc/passwd -p w"], access("/etc/passwd", "wa"), id="one letter missing"),
        pytest.param(["-w /etc/pass -p wa"], access("/etc/passwd", "wa"), id="a longer name"),
        pytest.param(["-a always,exit -F path=/etc -F perm=wa"], access("/etc/passwd", "wa"), id="path is no tree"),
        pytest.param(["-a always,exit -F path=/etc/pam.d -F perm=wa"], access("/etc/pam.d/", "wa"), id="path, not dir"),
        pytest.param(
            both("-a always,exit -F arch={} -S open -F path=/etc/x -F perm=w"), access("/etc/x", "w"), id="some calls"
        ),
        pytest.param(both("-a always,exit -F arch={} -S execve"), access("/bin/su", "x"), id="execveat missing"),
        pytest.param(["-a never,task", "-w /etc/passwd -p wa"], access("/etc/passwd", "wa"), id="never,task"),
        pytest.param(
            ["-a never,exit -F auid>=0", "-w /etc/passwd -p wa"], access("/etc/passwd", "wa", *USERS), id="never,exit"
        ),
        pytest.param(
            ["-a never,exit -F dir=/etc", "-w /etc/passwd -p wa"], access("/etc/passwd", "wa"), id="never for a tree"
        ),
    ],
)
def test_rules_do_not_cover_what_they_miss(rules, event):
    assert not seen(rules, event)


def test_link_in_front_of_path_counts_only_where_it_is_one():
    rules = RuleSet([rule_of(parse("-w /bin/kmod -p x"))], {})
    assert rules.seen_by(access("/usr/bin/kmod", "x"), "b64") is None


def test_lines_that_are_no_rules_are_none():
    assert [parse(line) for line in ("-D", "-b 8192", "-f 1", "-e 2", "--backlog_wait_time 60000", "-r 100")] == [
        None
    ] * 6


def test_one_filter_both_ways_round():
    assert filters_of(["-C auid!=euid"]) == filters_of(["-C euid!=auid"])
    with pytest.raises(ValueError, match="no filter"):
        filters_of(["auid"])
