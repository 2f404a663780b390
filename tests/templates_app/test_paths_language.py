"""What a check may read: settings, never a file that is a secret; and nothing that a shell would split."""

import pytest

from templates_app.language.paths import SAMPLES, unreadable
from templates_app.language.problems import meaning_problems
from tests.factories.content import shipped
from tests.factories.templates_app import a_check


def test_every_shipped_check_keeps_to_it():
    variables = {name: one.default for source in shipped().templates for name, one in source.variables.items()}
    wrong = {
        check.id: found
        for check in shipped().checks.values()
        if (found := meaning_problems(check.model_dump(exclude_defaults=True), variables))
    }
    assert wrong == {}


@pytest.mark.parametrize("path", SAMPLES)
def test_secret_files_are_not_read_by_name_or_by_wildcard(path):
    directory, _, name = path.rpartition("/")
    for pattern in (path, f"{directory}/*", f"{directory}/?{name[1:]}", f"{directory}/[^/]{name[1:]}"):
        assert "secrets" in unreadable(pattern), pattern


@pytest.mark.parametrize(
    "path",
    ["etc/motd", "/etc/../etc/shadow", "/etc//motd", "/etc/./motd", "/etc/", "/etc/motd\n/etc/shadow", "/etc/a\rb",
     "/tmp/x", "/dev/sda", "/*", "/etc/sh\\adow", "/etc/[[:alpha:]]hadow", "/etc/" + "x" * 400, "", "/etc/a\u2028b"],
)  # fmt: skip
def test_odd_paths_are_refused(path):
    assert unreadable(path)


@pytest.mark.parametrize(
    "path",
    ["/etc/motd", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf", "/etc/pam.d/*", "/boot/grub/grub.cfg"],
)
def test_settings_are_read(path):
    assert unreadable(path) == ""


@pytest.mark.parametrize(
    ("probe", "place"),
    [
        ({"kind": "file_regex", "paths": ["/etc/motd", "/etc/shadow"], "pattern": "root"}, "probe.paths"),
        ({"kind": "kv_file", "paths": ["/root/.ssh/id_rsa"], "key": "a"}, "probe.paths"),
        ({"kind": "shell_env", "paths": ["/proc/1/environ"], "name": "TOKEN"}, "probe.paths"),
        ({"kind": "file_stat", "paths": ["/etc/motd\n/x"]}, "probe.paths"),
        ({"kind": "service", "unit": "a\nb.service"}, "probe.unit"),
        ({"kind": "sysctl", "key": "a\x1bb"}, "probe.key"),
    ],
)
def test_a_definition_that_reads_them_is_refused_at_its_field(probe, place):
    definition = a_check().model_dump(exclude_defaults=True) | {"probe": probe, "expect": {"absent": True}}
    assert [*meaning_problems(definition, {})] == [place]


def test_permissions_of_secret_files_may_be_looked_at():
    probe = {"kind": "file_stat", "paths": ["/etc/shadow"]}
    assert meaning_problems({"probe": probe, "expect": {"mode_max": "0640"}}, {}) == {}
