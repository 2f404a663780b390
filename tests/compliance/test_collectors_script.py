"""The script: what is asked of a target is data, under every shell, and nothing stays behind."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.engine.collectors import script
from compliance.engine.collectors.plan import plan
from compliance.engine.collectors.registry import COLLECTORS, Collector, Os, collector
from templates_app.language.registry import Need

NONCE = "@@00112233445566778899aabbccddeeff"
SHELLS = (["dash"], ["bash"], ["busybox", "sh"])
ECHO = Collector("echo", 1, 'printf \'%s\\n\' "$@"; echo "$#"', lambda section: section.lines)


def test_the_order_and_number_of_needs_changes_no_plan():
    needs = [Need("sysctl", "b"), Need("package"), Need("sysctl", "a")]
    assert plan(needs) == plan([*reversed(needs), *needs])
    assert plan(needs).sections == (("host", ()), ("package", ()), ("sysctl", ("a", "b")))
    assert plan(needs).sha256 == plan(reversed(needs)).sha256 != plan(needs[:1]).sha256


def test_a_need_without_collector_is_refused():
    with pytest.raises(KeyError, match="no collector reads nonsense on linux"):
        plan([Need("nonsense")])


def test_a_section_has_one_collector_only():
    with pytest.raises(ValueError, match="two collectors"):
        collector("host", os=Os.LINUX, script="")(lambda section: None)


def test_the_walk_is_a_stage_of_its_own():
    walk = plan([Need("fs_walk"), Need("package")])
    assert [one.section for one, _ in walk.stage(slow=False)] == ["host", "package"]
    assert [one.section for one, _ in walk.stage(slow=True)] == ["fs_walk"]
    assert "renice" in walk.script(nonce=NONCE, slow=True)
    assert "renice" not in walk.script(nonce=NONCE)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\x00\n", exclude_categories=["Cs"]), max_size=20), max_size=4)
)
def test_arguments_are_data_whatever_they_contain(args):
    built = script.build([(ECHO, args)], nonce=NONCE)
    done = subprocess.run(["dash", "-s"], input=built.encode(), capture_output=True, check=True)
    said = done.stdout.split(f"{NONCE} begin echo\n".encode())[1].split(f"{NONCE} end echo".encode())[0]
    expected = b"".join(b"|" + arg.encode() + b"\n" for arg in args or [""])
    assert said == expected + b"|%d\n|\n|rc 0\n" % len(args)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("section", sorted(section for _, section in COLLECTORS if section != "fs_walk"))
def test_every_section_ends_by_itself_and_complains_of_nothing(shell, section, tmp_path):
    """Without arguments, with a bare environment, in a directory that is not writable, and leaving no file."""
    built = plan([Need(section)]).script(nonce=NONCE)
    done = subprocess.run([*shell, "-s"], input=built.encode(), capture_output=True, env={}, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(f"{NONCE} finish\n".encode())
    assert f"{NONCE} end {section}\n".encode() in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_the_callers_environment_changes_nothing(shell, monkeypatch):
    built = plan([Need("package"), Need("mount"), Need("file_stat", "/etc/passwd")]).script(nonce=NONCE)
    odd = {"IFS": "e", "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "GREP_OPTIONS": "-v", "POSIXLY_CORRECT": "1",
           "PATH": "/nowhere:/usr/bin", "ENV": "/etc/issue", "CDPATH": "/", "A": "x\nPATH=/y", "SHELLOPTS": "xtrace",
           "COLUMNS": "10", "PS4": "$(id)"}  # fmt: skip
    answers = {
        subprocess.run([*shell, "-s"], input=built.encode(), capture_output=True, env=env).stdout
        for env in ({"PATH": "/usr/bin"}, {**odd})
    }
    assert len(answers) == 1


def test_the_walk_gives_way_to_the_work_of_the_target_also_where_sessions_share_the_processor():
    lookup = Collector(
        "fs_walk", 1, "cut -d' ' -f19 /proc/$$/stat; cat /proc/$$/autogroup", lambda section: section.lines
    )
    own_session = subprocess.run(["cat", "/proc/self/autogroup"], capture_output=True, start_new_session=True)
    shared = bool(own_session.stdout)  # the session of these tests may be the kernel's first, which has no niceness
    for nice, own, session in ((True, b"|19\n", b" nice 10\n"), (False, b"|0\n", b" nice 0\n")):
        built = script.build([(lookup, [])], nonce=NONCE, nice=nice)
        done = subprocess.run(
            ["dash", "-s"], input=built.encode(), capture_output=True, check=True, start_new_session=True
        )
        assert own in done.stdout
        assert (session in done.stdout) == shared
        assert done.stderr == b""
