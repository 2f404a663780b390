"""Odd hosts: a scan completes all the same, and what cannot be known is an error, never a pass."""

import json
import os
import shutil
import subprocess

import pytest
from django.core.management import CommandError

from compliance.models import Scan, Snapshot
from tests.end_to_end.scanning import (
    Scanned,
    by_key,
    count_as_full_host,
    covered_paths,
    scan_host,
    stand_inside,
    within,
)
from tests.factories.content import every_check
from tests.peers.sshd import running_sshd

pytestmark = [pytest.mark.root, pytest.mark.django_db(transaction=True)]
SILENT = "#!/bin/sh\nexit 0\n"
SPEAKS_GERMAN = '#!/bin/sh\n[ "$LC_ALL" = C ] || { echo "Kein Zugriff möglich"; exit 0; }\nexec %s "$@"\n'
FOLDERS = ("sysctl.d", "modprobe.d", "sudoers.d", "pam.d", "profile.d", "ssh/sshd_config.d", "cron.d", "rsyslog.d",
           "security/limits.d", "audit/rules.d", "systemd/journald.conf.d", "apt/apt.conf.d")  # fmt: skip
NAMES = (b"a b", b"x=y", b"-n", b"new\nL 1 forged\nline", b"*", b"[a]", b"\x1b[2J", b"\xc3\xa4", b"bad-\xff", b"a\\b",
         b'"', b"$(id)", b"`id`", b"|rc 0", b" ")  # fmt: skip
FORGED = r"""
@@nonce begin sysctl
@@0123456789abcdef0123456789abcdef end sudoers
|rc 0
L 1 PASS_MAX_DAYS 1
PASS_MAX_DAYS	365 \033[2J\000\342\200\256\033]0;owned\007
\377\376\r
"""


@pytest.fixture(scope="module")
def peer():
    with running_sshd() as peer:
        count_as_full_host(peer)
        yield peer


@pytest.fixture
def scanned(peer, monkeypatch, transactional_db):
    """Give a function that scans the peer with every shipped check."""
    every_check()
    stand_inside(monkeypatch, peer.inside)
    return lambda: scan_host("localhost", template="everything")


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def before(scanned, kept):
    """The scan of the peer as it is, made once."""
    if not kept:
        kept.append(scanned())
    return kept[0]


def changes(before: Scanned, after: Scanned) -> dict[str, tuple[str, str]]:
    return {
        check: (before.verdicts[check], verdict)
        for check, verdict in after.verdicts.items()
        if verdict != before.verdicts[check]
    }


def test_a_tool_that_says_nothing_and_exits_0_makes_errors_and_nothing_else(peer, scanned, before):
    found = {}
    for tool in ("dpkg-query", "cat", "timeout", "readlink"):
        with covered_paths(peer, {f"/usr/bin/{tool}": SILENT}):
            found[tool] = changes(before, scanned())
        assert {verdict for _, verdict in found[tool].values()} <= {"error"}, tool
    assert len(found["dpkg-query"]) > 100


@pytest.mark.parametrize("make", ["truncate -s 1G $f", "mkfifo $f", "ln -s /dev/zero $f"])
def test_what_stands_in_the_place_of_a_small_file_is_not_read_and_passes_nothing(peer, scanned, before, make):
    files = {"/etc/login.defs": 20, "/etc/sysctl.d/99-odd.conf": 0, "/etc/modprobe.d/odd.conf": 0,
             "/etc/rsyslog.conf": 0, "/etc/profile.d/odd.sh": 0, "/etc/security/pwquality.conf": 0,
             "/etc/default/ufw": 0, "/etc/aide/aide.conf": 0, "/etc/sudoers.d/odd": 0,
             "/etc/systemd/system/odd.service": 0}  # fmt: skip
    keep = "mkdir -p /etc/.kept; for f in {0}; do [ ! -e $f ] || cp -a --parents $f /etc/.kept; mkdir -p ${{f%/*}}; "
    within(peer, keep.format(" ".join(files)) + f"rm -f $f; {make}; done")
    try:
        after = scanned()
    finally:
        within(peer, f"rm -rf {' '.join(files)}; cp -a /etc/.kept/etc/. /etc/; rm -rf /etc/.kept")
    assert Scan.objects.latest("pk").status == "completed"
    wrong = {check: after.told[check] for check, (_, now) in changes(before, after).items() if now == "pass"}
    assert wrong == {}
    if make.startswith(("truncate", "mkfifo")):
        login_defs = [check for check in after.of("error") if check.startswith("linux_login_defs_")]
        assert login_defs, "login.defs was not missed"


def test_a_full_disk_changes_nothing(peer, scanned, before, monkeypatch):
    full = " ".join(f"mount -t tmpfs -o size=4k none {place}; echo >{place}/full;" for place in ("/var/tmp", "/tmp"))
    within(peer, full + " for p in /tmp /var/tmp; do head -c 9000 /dev/zero >$p/full 2>/dev/null || :; done")
    try:
        for shell in ("/bin/dash", "/bin/bash"):
            stand_inside(monkeypatch, peer.inside, shell)
            differing = changes(before, scanned())
            assert {check for check in differing if "_tmp" not in check} == set(), shell
    finally:
        within(peer, "umount /var/tmp /tmp")


def test_another_language_changes_no_verdict(peer, scanned, before):
    tools = ("dpkg-query", "stat", "find", "sort", "grep")
    for tool in tools:
        shutil.copy2(f"/usr/bin/{tool}", peer.directory / tool)
    stubs = {f"/usr/bin/{tool}": SPEAKS_GERMAN % (peer.directory / tool) for tool in tools}
    within(peer, "cp /etc/environment /etc/.environment; echo 'LC_ALL=de_DE.UTF-8\nLANGUAGE=de' >>/etc/environment")
    try:
        with covered_paths(peer, stubs):
            assert changes(before, scan_host(*by_key(peer, "root"), template="everything")) == {}
            assert changes(before, scan_host(*by_key(peer, "ops", "--sudo"), template="everything")) == {}
    finally:
        within(peer, "mv /etc/.environment /etc/environment")


def test_file_content_cannot_forge_an_answer_nor_reach_a_terminal(peer, scanned, before):
    within(peer, f"cp -a /etc/login.defs /etc/.kept; printf '{FORGED}' >>/etc/login.defs")
    try:
        after = scanned()
    finally:
        within(peer, "mv /etc/.kept /etc/login.defs")
    differing = changes(before, after)
    assert set(differing) <= {check for check in before.verdicts if "login_defs" in check or "password" in check}
    assert before.scan["counts"]["total"] == after.scan["counts"]["total"]
    text = json.dumps(after.results, ensure_ascii=False)
    assert not {"\x1b", "\x00", "\u202e", "\x07", "\x9b"} & set(text)
    assert "\\u001b[2J" in json.loads(json.dumps(after.told["linux_login_defs_pass_max_days"][1])), after.told[
        "linux_login_defs_pass_max_days"
    ]


def test_odd_file_names_change_no_verdict_but_those_of_their_own_files(peer, scanned, before):
    folders = [os.fsencode(f"/etc/{folder}") for folder in FOLDERS]
    paths = [b"%s/%s.conf" % (folder, name) for folder in folders for name in NAMES]
    subprocess.run([*peer.inside, "mkdir", "-p", *folders], check=True)
    subprocess.run([*peer.inside, "touch", "--", *paths], check=True)
    try:
        after = scanned()
    finally:
        subprocess.run([*peer.inside, "rm", "-f", "--", *paths], check=True)
    wrong = {check: after.told[check] for check, (_, now) in changes(before, after).items() if now == "pass"}
    assert wrong == {}
    assert "\x1b" not in json.dumps(after.results, ensure_ascii=False)


def test_every_fact_of_a_host_with_nothing_but_busybox_is_known_or_refused(tmp_path, monkeypatch, transactional_db):
    """An Alpine-like root: no dpkg, no systemd, no sudo; as an unsupported distribution, and as if it were Debian."""
    every_check()
    for place in ("bin", "etc", "proc", "sys", "dev", "usr", "root", "tmp", "var/log"):
        (tmp_path / place).mkdir(parents=True)
    shutil.copy2("/bin/busybox", tmp_path / "bin/busybox")
    subprocess.run(["chroot", tmp_path, "/bin/busybox", "--install", "-s", "/bin"], check=True)
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\n")
    subprocess.run(["mknod", tmp_path / "dev/null", "c", "1", "3"], check=True)
    root = f'mount -t proc -o ro none {tmp_path}/proc; exec chroot {tmp_path} "$@"'
    stand_inside(monkeypatch, ("unshare", "--mount", "sh", "-c", root, "sh"))
    release = tmp_path / "etc/os-release"
    release.write_text('ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME="Alpine Linux"\n')
    with pytest.raises(CommandError, match="has no checks for Alpine Linux"):
        scan_host("localhost", template="everything")
    release.write_text("ID=debian\nVERSION_ID=12\n")
    found = scan_host("localhost", template="everything")
    snapshot = Snapshot.objects.latest("pk")
    assert (found.scan["status"], snapshot.privilege) == ("completed", "root")
    packages = [check for check in found.verdicts if check.startswith("linux_package_")]
    assert packages and {found.verdicts[check] for check in packages} <= {"error", "skip"}
    assert all(result["actual"] and result["expected"] for result in found.results)
