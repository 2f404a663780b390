"""What sshd, sudo, PAM, shells and root's path have in force, worked out from facts recorded on real systems."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from templates_app.language.facts import FactDocument, Facts, HostOs, Section, SectionStatus, Unknown
from templates_app.language.kinds import KINDS
from templates_app.language.kinds.shell_env import octal
from templates_app.language.kinds.sshd import seconds
from templates_app.language.kinds.sudoers import parameters
from templates_app.language.versions import at_least

RECORDED = Path(__file__).parents[1] / "data" / "facts"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DEBIAN = HostOs("linux", "debian", "12")


def facts(os: HostOs = DEBIAN, **sections: Any) -> Facts:
    read = {name: Section(1, SectionStatus.OK, value) for name, value in sections.items()}
    return Facts(FactDocument("1", "0" * 64, NOON, "root", os, read))


def recorded(section: str, case: str) -> Facts:
    return facts(**{section: json.loads((RECORDED / section / f"{case}.json").read_text())["fact"]})


def found(seen: Facts, kind: str, **probe: Any) -> list[Any]:
    known = KINDS[kind]
    return [item.value for item in known.observe(known.probe(**probe), seen).items]


def text_of(seen: Facts, kind: str, **probe: Any) -> str:
    known = KINDS[kind]
    return "; ".join(item.text for item in known.observe(known.probe(**probe), seen).items)


def lines(text: str) -> dict[str, Any]:
    numbered = [[number, line] for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return {"state": "ok", "lines": numbered, "cut": False}


def with_files(globs: dict[str, list[str]] | None = None, **files: str) -> Facts:
    return facts(file_content={"files": {name: lines(text) for name, text in files.items()}, "globs": globs or {}})


@pytest.mark.parametrize(
    ("case", "key", "values"),
    [
        ("debian12_default", "PermitRootLogin", ["prohibit-password"]),
        ("debian12_no_run_sshd", "PermitRootLogin", ["prohibit-password"]),
        ("debian12_default", "UsePAM", ["yes"]),
        ("debian12_default", "LoginGraceTime", [120]),
        ("drop_ins_quotes_case", "PermitRootLogin", ["no"]),
        ("drop_ins_quotes_case", "LoginGraceTime", [60]),
        ("drop_ins_quotes_case", "MaxStartups", ["10:30:60"]),
        ("drop_ins_quotes_case", "AllowGroups", [("admins", "ops")]),
        # a block for this host's own address is what sshd -T meets with; the value for all others stands beside it
        ("match_blocks", "PermitRootLogin", ["no", "yes", "yes"]),
        ("match_blocks", "Banner", ["/etc/issue.net", "none"]),
        ("match_blocks", "LogLevel", ["VERBOSE"]),
        ("match_blocks", "X11Forwarding", ["yes", "no"]),
        ("broken_config", "PermitRootLogin", ["maybe"]),
    ],
)
def test_sshd_value_in_force(case, key, values):
    assert found(recorded("sshd", case), "sshd", key=key) == values


def test_sshd_value_is_shown_with_the_line_that_wins():
    said = text_of(recorded("sshd", "drop_ins_quotes_case"), "sshd", key="PermitRootLogin")
    assert said == "PermitRootLogin is no (/etc/ssh/sshd_config.d/10-a.conf line 1)"


def test_sshd_says_when_it_could_not_be_asked():
    known = KINDS["sshd"]
    seen = known.observe(known.probe(key="UsePAM"), recorded("sshd", "debian12_no_run_sshd"))
    assert "Missing privilege separation directory" in seen.items[0].evidence[0].how


@pytest.mark.parametrize("case", ["as_user", "include_loop_and_pipe"])
def test_sshd_file_that_was_not_read_makes_values_unknown(case):
    with pytest.raises(Unknown):
        found(recorded("sshd", case), "sshd", key="UsePAM")


def test_sshd_algorithm_change_is_worked_out_by_sshd_only():
    ciphers = found(recorded("sshd", "drop_ins_quotes_case"), "sshd", key="Ciphers")[0]
    assert "aes128-ctr" not in ciphers
    assert "aes256-ctr" in ciphers


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("1m30s", 90), ("2H", 7200), ("soon", "soon")])
def test_sshd_times(text, value):
    assert seconds(text) == value


def test_sudo_scopes_and_includes():
    seen = recorded("sudoers", "includes_continuation")
    assert found(seen, "sudoers", default="use_pty") == ["off"]
    assert found(seen, "sudoers", default="timestamp_timeout") == ["5", "-1"]
    assert "for user backup" in text_of(seen, "sudoers", default="timestamp_timeout")
    rules = found(seen, "sudoers", without_password=["NOPASSWD", "!authenticate"])
    assert [rule.split()[0] for rule in rules] == ["Defaults:backup", "alice", "#1000", "%ops"]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("use_pty", [("use_pty", "on")]),
        ("!use_pty,lecture=always", [("use_pty", "off"), ("lecture", "always")]),
        ('logfile="/var/log/a, b.log" , !!use_pty', [("logfile", "/var/log/a, b.log"), ("use_pty", "on")]),
        ("env_keep += \"A B\", timestamp_timeout = 5", [("env_keep", "A B"), ("timestamp_timeout", "5")]),
        (r"badpass_message=no\,use_pty", [("badpass_message", "no,use_pty")]),
    ],
)  # fmt: skip
def test_sudo_defaults_are_taken_apart(text, options):
    assert list(parameters(text)) == options


def test_root_path_of_debian_leaves_out_the_branch_of_other_users():
    seen = recorded("root_path", "debian12_default")
    assert found(seen, "root_path", facet="entry") == ["directory"] * 6
    assert "/usr/games" not in text_of(seen, "root_path", facet="entry")


def test_root_path_of_red_hat_follows_pathmunge_and_home():
    said = text_of(recorded("root_path", "rhel9_shape"), "root_path", facet="entry")
    assert "/root/bin (/root/.bash_profile line 4)" in said
    assert "/usr/local/sbin" in said


def test_root_path_names_what_only_a_shell_could_tell():
    known = KINDS["root_path"]
    seen = known.observe(known.probe(facet="entry"), recorded("root_path", "hostile"))
    kinds = [item.value for item in seen.items]
    assert {".", "empty", "relative", "missing"} <= set(kinds)
    assert not seen.whole
    assert "$(cat /root/extra)" in seen.unread
    assert "/opt/absent" not in "".join(item.text for item in seen.items)


def test_root_path_needs_the_files_of_root():
    with pytest.raises(Unknown, match="needs root"):
        found(recorded("root_path", "as_user"), "root_path", facet="mode")


def test_pam_follows_includes_by_type_and_survives_loops():
    globs = {"/etc/pam.d/*": ["/etc/pam.d/sshd", "/etc/pam.d/common"]}
    seen = with_files(
        globs,
        **{
            "/etc/pam.d/sshd": "@include common\naccount include common\n-session optional pam_x.so",
            "/etc/pam.d/common": "auth required /lib/security/pam_unix.so a=1 [b=2 3]\n"
            "account \\\n required pam_nologin.so\nauth substack sshd",
        },
    )
    modules = {
        kind: found(seen, "pam", services=["sshd"], type=kind, facet="modules")[0] for kind in ("auth", "account")
    }
    assert modules == {"auth": ("pam_unix.so",), "account": ("pam_nologin.so",)}
    assert found(seen, "pam", services=["sshd"], module="pam_unix.so") == [("a=1", "b=2 3")]


@pytest.mark.parametrize("os", [DEBIAN, HostOs("linux", "ubuntu", "22.04")])
def test_pwhistory_conf_means_nothing_to_modules_that_do_not_read_it(os):
    seen = with_files(
        {"/etc/pam.d/*": ["/etc/pam.d/common-password"]},
        **{
            "/etc/pam.d/common-password": "password required pam_pwhistory.so",
            "/etc/security/pwhistory.conf": "remember = 24",
        },
    )
    probe = {"services": ["common-password"], "module": "pam_pwhistory.so", "facet": "argument", "argument": "remember"}
    assert found(Facts(dataclasses.replace(seen.document, os=os)), "pam", **probe) == ["10"]
    newer = Facts(dataclasses.replace(seen.document, os=HostOs("linux", "rhel", "9.4")))
    assert found(newer, "pam", **probe) == ["24"]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("umask 027", ["027"]),
        ("[ $UID -gt 199 ] && umask 002 || umask 022", ["002", "022"]),
        ("if true; then umask 0077; fi # umask 000", ["0077"]),
        ("umask", []),
        ("umask -S", []),
        ("echo umask 000", []),
        ('echo "it is umask 000', []),
        ("umask 027022", ["027022"]),
        ("umask u=rwx,g=,o=", ["077"]),
    ],
)
def test_umask_is_read_from_commands_only(line, values):
    assert found(with_files(**{"/etc/profile": line}), "shell_env", paths=["/etc/profile"], name="umask") == values


def test_symbolic_umask_that_says_too_little_stays_text():
    assert octal("g-w") == "g-w"
    assert octal("u=rwx") == "u=rwx"
    assert octal("a=rx") == "222"


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("TMOUT=900", ()),
        ("declare -xr TMOUT=900", ("exported", "readonly")),
        ("TMOUT=900; readonly TMOUT; export TMOUT", ("exported", "readonly")),
        ("readonly TMOUT=900", ("readonly",)),
        ("TMOUT=900\nexport OTHER TMOUT", ("exported",)),
        ("TMOUT=900\nreadonly OTHER", ()),
    ],
)
def test_attributes_of_a_variable(text, attributes):
    seen = with_files(**{"/etc/profile": text})
    assert found(seen, "shell_env", paths=["/etc/profile"], name="TMOUT", facet="attributes") == [attributes]


@pytest.mark.parametrize(
    ("version", "bound", "enough"),
    [
        ("1.5.2-6+deb12u1", "1.5.2-6", True),
        ("1.5.2-5", "1.5.2-6", False),
        ("1.5.10-1", "1.5.2-6", True),
        ("1.5.2~rc1-6", "1.5.2-6", False),
        ("1:1.0-1", "1.5.2-6", True),
        ("0:1.5.1-20.el9_4", "1.5.1-19", True),
        ("0:1.5.1-9.el9", "1.5.1-19", False),
    ],
)
def test_versions_are_ordered_as_dpkg_orders_them(version, bound, enough):
    assert at_least(version, bound) is enough
