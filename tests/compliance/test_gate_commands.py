"""manage.py gate, and the shell recipe of the documentation: what they print, and what they end with."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from django.core.management import CommandError, call_command
from lxml import etree

from compliance.management.commands import gate
from compliance.models import ProvisionedVm, ProvisioningRun
from compliance.reports.handovers import NOBODY_SCANS, RunHandover, VmHandover, junit, text, values
from organizations.models.organizations import Organization
from tests.compliance.test_provisioning_runs_api import run_with, state_of
from tests.factories.compliance import HostKeyFactory
from tests.factories.organizations import ApiTokenFactory, OrganizationFactory, member
from tests.factories.provisioning import ProjectFactory, handover_settings, vm_scan
from tests.factories.reports import HOSTILE

ROOT = Path(__file__).parents[2]


def asked(*arguments: str) -> tuple[int, str]:
    """Return the exit code of the gate and what it printed."""
    out = StringIO()
    try:
        call_command("gate", *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["allowed", "exempt", "released"], 0), ([], 0), (["blocked", "allowed"], 2), (["unverified"], 2),
        (["pending", "allowed"], 3), (["pending", "blocked"], 2),
    ],
)  # fmt: skip
def test_exit_code_tells_the_answer(organization, states, code):
    run = run_with(organization, *states)
    found, printed = asked("--run", run.run_id)
    assert found == code
    for vm in run.vms.all():
        assert vm.name in printed
        assert vm.reasons[0] in printed
    assert asked("--run", run.run_id, "--soft-fail")[0] == 0


@pytest.mark.django_db
def test_failed_run_ends_2_and_says_why(organization):
    run = run_with(organization, status="failed", error="Terraform refused the token.")
    code, printed = asked("--run", run.run_id)
    assert (code, "Terraform refused the token." in printed) == (2, True)


@pytest.mark.django_db
def test_run_is_found_by_its_own_id_and_by_ours(organization):
    run = run_with(organization, "allowed")
    for name in (run.run_id, f"id:{run.pk}"):
        assert asked("--run", name)[0] == 0


@pytest.mark.django_db
def test_bare_number_is_the_number_of_the_pipeline_and_never_ours(organization, other_organization):
    foreign = run_with(other_organization, "allowed", run_id="nightly")
    with pytest.raises(CommandError, match=f"There is no run {foreign.pk}"):
        asked("--run", str(foreign.pk))
    run_with(organization, "blocked", run_id=str(foreign.pk))
    assert asked("--run", str(foreign.pk))[0] == 2


@pytest.mark.django_db
def test_ambiguous_run_is_refused_until_it_is_told_apart(organization):
    first = run_with(organization, "allowed", run_id="build-7")
    other = run_with(OrganizationFactory(), "blocked", run_id="build-7")
    with pytest.raises(CommandError, match=rf"Several runs.*id:{other.pk}.*id:{first.pk} [^;]*\. Write"):
        asked("--run", "build-7")
    assert asked("--run", "build-7", "--project", first.project.name)[0] == 0
    assert asked("--run", "build-7", "--organization", other.organization.slug)[0] == 2
    assert asked("--run", f"id:{other.pk}")[0] == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("number", "words"), [(7, "and 2 older ones. Write"), (12, "and 5 older ones or more. Write")])
def test_runs_of_one_name_that_are_not_listed_are_counted(organization, number, words):
    runs = [run_with(organization, run_id="r1") for _ in range(number)]
    with pytest.raises(CommandError, match=words) as refused:
        asked("--run", "r1")
    assert [f"id:{run.pk} " in str(refused.value) for run in runs] == [*[False] * (number - 5), *[True] * 5]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["none-such", "id:7", "9" * 40, "id:" + "9" * 40, "", "\N{SUPERSCRIPT TWO}"])
def test_unknown_run_is_told(name):
    with pytest.raises(CommandError, match="There is no run"):
        asked("--run", name)


@pytest.mark.parametrize(("written", "length_s"), [("0", 0), ("90", 90), ("90s", 90), ("20m", 1200), ("1h", 3600)])
def test_wait_is_read(written, length_s):
    assert gate.seconds(written) == length_s


@pytest.mark.parametrize("written", ["", "-1", "20 m", "1d", "x", "9" * 30, "25h", "1.5m"])
def test_bad_wait_is_refused(written):
    with pytest.raises(CommandError, match="90s, 20m or 1h"):
        gate.seconds(written)


@pytest.mark.django_db
def test_wait_ends_with_3_while_a_vm_is_pending(organization):
    assert asked("--run", run_with(organization, "pending").run_id, "--wait", "1s")[0] == 3


@pytest.mark.django_db
def test_wait_ends_as_soon_as_there_is_an_answer(organization, monkeypatch):
    run = run_with(organization, "pending")
    run.vms.update(phase="scan")
    monkeypatch.setattr(gate, "sleep", lambda _: run.vms.update(state="allowed", reasons=[]))
    assert asked("--run", run.run_id, "--wait", "20m")[0] == 0


@pytest.mark.django_db
def test_json_is_the_answer_of_the_api_and_goes_to_a_file(api, organization, tmp_path):
    run = run_with(organization, "blocked", "allowed")
    file = tmp_path / "gate.json"
    assert asked("--run", run.run_id, "--format", "json", "--output", str(file)) == (2, "")
    assert json.loads(file.read_text()) == api.get(f"/api/v1/provisioning/runs/{run.pk}/handover/").json()
    assert oct(file.stat().st_mode)[-3:] == "600"


@pytest.mark.django_db
def test_file_that_cannot_be_written_is_told(organization, tmp_path):
    run = run_with(organization, "allowed")
    with pytest.raises(CommandError, match="cannot be written"):
        asked("--run", run.run_id, "--output", str(tmp_path / "none" / "gate.txt"))


@pytest.mark.django_db
def test_junit_has_a_case_for_each_vm(organization):
    run = run_with(organization, "blocked", "pending", "unverified", "allowed", "released", "exempt")
    code, printed = asked("--run", run.run_id, "--format", "junit")
    suite = etree.fromstring(printed.encode()).find("testsuite")
    assert code == 2
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6", "failures": "1", "errors": "2", "skipped": "1",
    }  # fmt: skip
    failure = suite.find("testcase/failure")
    assert (failure.get("type"), failure.get("message")) == ("blocked", "It is blocked.")


@pytest.mark.django_db
def test_first_contact_and_scaling_groups_are_told(organization):
    run = run_with(organization, "allowed", groups=["aws_autoscaling_group.web", "aws_spot_instance_request.ci"])
    HostKeyFactory(host=run.vms.get().host, first_contact=True)
    printed = asked("--run", run.run_id)[1]
    assert "first contact only" in printed
    assert "aws_autoscaling_group.web: the gate knows nothing of its machines" in printed
    assert "aws_spot_instance_request.ci: the gate knows nothing" in printed


@pytest.mark.django_db
def test_junit_names_what_makes_machines_that_the_state_does_not_tell(organization):
    run = run_with(organization, "allowed", groups=["aws_spot_instance_request.ci"])
    printed = asked("--run", run.run_id, "--format", "junit")[1]
    named = etree.fromstring(printed.encode()).xpath("//property[@name='not_listed']/@value")
    assert [value.partition(":")[0] for value in named] == ["aws_spot_instance_request.ci"]


@pytest.mark.parametrize("arguments", [[], ["--run"], ["--run", "1", "--format", "yaml"], ["--none"]])
def test_mistake_in_the_arguments_ends_1_and_not_like_a_blocked_vm(arguments, tmp_path):
    environment = {**os.environ, "PLUMBLINE_DATA": str(tmp_path / "data")}
    ended = subprocess.run(
        [sys.executable, "manage.py", "gate", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, "usage:" in ended.stderr) == (1, True)


def test_nothing_of_a_target_is_obeyed_by_a_terminal_or_breaks_the_xml():
    vm = VmHandover(1, HOSTILE, HOSTILE, False, "blocked", [HOSTILE], [], None, "unknown", HOSTILE, HOSTILE)
    hostile = RunHandover(
        False, True, "blocked", [HOSTILE], 1, HOSTILE, HOSTILE, HOSTILE, "registered", [HOSTILE], [vm]
    )  # fmt: skip
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text(hostile))
    assert etree.fromstring(junit(hostile)).find("testsuite/testcase/failure") is not None


def test_columns_of_the_text_line_up():
    vms = [
        VmHandover(1, name, "host", False, state, ["Why."], [], None, "pinned", "", "http://x/")
        for name, state in (("web", "blocked"), ("a longer  name", "unverified"), ("db", "pending"))
    ]
    run = RunHandover(False, True, "blocked", ["Some."], 1, "7", "shop", "Org", "registered", [], vms)
    printed = text(run).splitlines()
    assert [line for line in printed if line.endswith("  host")] == [
        "blocked     web            host", "unverified  a longer name  host", "pending     db             host",
    ]  # fmt: skip
    assert printed[1] == "  Some."
    assert printed.count(" " * 12 + "Why.") == 3


def test_pending_vm_that_nobody_looks_for_waits_for_a_person():
    vm = VmHandover(1, "web", "host", False, "pending", [], [], None, "unknown", "", "http://x/")
    for final in (True, False):
        run = RunHandover(False, final, "pending", [], 1, "7", "shop", "Org", "registered", [], [vm])
        assert [NOBODY_SCANS in said for said in (text(run), junit(run).decode(), str(values(run)))] == [final] * 3


# --- The recipe -------------------------------------------------------------------------------------------------------

RECIPE = re.search(r"^```sh\n(.*?)^```$", (ROOT / "docs" / "provisioning.md").read_text(), re.DOTALL | re.MULTILINE)


def followed(url: str, key: str, document: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Follow the recipe of the documentation, to the letter, with ``document`` as what Terraform shows."""
    assert RECIPE is not None
    assert len(RECIPE[1].splitlines()) == 10
    environment = {"PLUMBLINE_URL": url, "PLUMBLINE_TOKEN": key, "PLUMBLINE_POLL": "0.2"}
    environment |= {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return subprocess.run(
        ["sh", "-c", RECIPE[1], "handover.sh", *arguments], env=environment, input=document, capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip


@contextmanager
def failing_at_first(server: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Run a proxy to ``server`` that answers each method with 502 at first; give its URL and what it heard."""
    asked: list[tuple[str, str]] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            first = self.command not in [method for method, _ in asked]
            asked.append((self.command, self.path))
            if first:
                return self.reply(502, b"<html>502 Bad Gateway</html>\r\n")
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            with urlopen(Request(server + self.path, body or None, headers, method=self.command)) as answer:
                return self.reply(answer.status, answer.read())

        def do_POST(self) -> None:
            self.do_GET()

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}", asked
        proxy.shutdown()


@pytest.fixture
def pipeline(live_server, transactional_db, enqueued):
    """Give a function that follows the recipe with a token of an account that may post runs."""
    if not shutil.which("curl"):
        pytest.skip("the recipe needs curl")
    organization = OrganizationFactory()
    key = ApiTokenFactory(user=member(organization, role="provisioner"), organization=organization).key

    def follow(document: bytes, *arguments: str, key: str = key, url: str = live_server.url):
        return followed(url, key, document, *(arguments or ("shop", "1", "1")))

    follow.organization = organization
    return follow


def organization_of(pipeline) -> Organization:
    return pipeline.organization


def test_recipe_ends_0_when_the_vms_may_be_handed_over(pipeline):
    ended = pipeline(state_of("web", "db"))
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["state"] == "exempt"
    assert ProvisionedVm.objects.count() == 2


def test_recipe_ends_3_when_nothing_is_known_in_time(pipeline):
    handover_settings(organization_of(pipeline))
    ended = pipeline(state_of("web"))
    assert (ended.returncode, json.loads(ended.stdout)["state"]) == (3, "pending")


def test_recipe_ends_2_when_a_vm_is_blocked(pipeline):
    handover_settings(organization_of(pipeline), scan_on_provision=False)
    assert pipeline(state_of("web")).returncode == 3
    vm_scan(ProvisionedVm.objects.select_related("host", "organization").get(), statuses=["fail"])
    ended = pipeline(state_of("web"), "shop", "2", "60")
    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["state"], bool(answer["vms"][0]["reasons"])) == (2, "blocked", True)


def test_recipe_waits_for_the_scan_of_a_vm_that_was_blocked_before(pipeline):
    handover_settings(organization_of(pipeline), scan_on_provision=False)
    pipeline(state_of("web"))
    vm_scan(ProvisionedVm.objects.select_related("host", "organization").get(), statuses=["fail"])
    handover_settings(organization_of(pipeline), scan_on_provision=True)
    ended = pipeline(state_of("web"), "shop", "2", "1")
    assert (ended.returncode, json.loads(ended.stdout)["final"]) == (2, False)


def test_recipe_ends_1_when_it_cannot_be_done(pipeline):
    refused = pipeline(state_of("web"), key="0" * 64)
    assert (refused.returncode, b"Invalid token" in refused.stderr) == (1, True)
    unusable = pipeline(b'{"planned_values": {}}')
    assert (unusable.returncode, b"This is a plan" in unusable.stderr) == (1, True)
    assert pipeline(b"").returncode == 1
    assert pipeline(state_of("web"), url="http://127.0.0.1:9").returncode == 1
    assert not ProvisioningRun.objects.exists()


def test_recipe_takes_no_word_of_a_proxy_for_the_answer(pipeline, live_server):
    """A proxy that answers 502 once, with a page of its own: what is asked again is read alone."""
    with failing_at_first(live_server.url) as (proxy, asked):
        ended = pipeline(state_of("web"), url=proxy)
    assert (ended.returncode, json.loads(ended.stdout)["state"]) == (0, "exempt")
    assert [method for method, _ in asked] == ["POST", "POST", "GET", "GET"]
    assert ProvisioningRun.objects.count() == 1


def test_recipe_leaves_no_file(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert pipeline(state_of("web")).returncode == 0
    assert pipeline(b"").returncode == 1
    assert not [*tmp_path.iterdir()]


def test_recipe_prints_the_answer_as_it_came(pipeline):
    handover_settings(organization_of(pipeline), scan_on_provision=False)
    assert pipeline(state_of("web")).returncode == 3
    ProvisionedVm.objects.update(state="unverified", reasons=["one\ntwo\\t\\c"], phase="settled")
    ended = pipeline(state_of("web"))
    assert json.loads(ended.stdout)["vms"][0]["reasons"] == ["one\ntwo\\t\\c"]


def test_recipe_works_on_a_large_state(pipeline):
    ended = pipeline(state_of(*(f"web{n}" for n in range(2000))) + b" " * 1_500_000, "shop", "large", "1")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ProjectFactory._meta.model.objects.get().vms.count() == 2000
