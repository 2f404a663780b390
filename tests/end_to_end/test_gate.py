"""The handover gate end to end: curl posts states; VMs that are real SSH servers are blocked, repaired, let through."""

import shutil
from collections.abc import Iterator

import pytest

from tests.demo.handover import Stage, applied, billing_state, prepared, shop_state
from tests.demo.product import running_product
from tests.peers.vm import Key, Vm, lacking, new_key, running_vm

pytestmark = [pytest.mark.root, pytest.mark.timeout(400)]
FAULTS = {
    "linux_sshd_permit_root_login", "linux_sshd_permit_empty_passwords", "linux_account_uid0_only_root",
    "linux_account_no_empty_password",
}  # fmt: skip


@pytest.fixture(scope="module")
def key() -> Key:
    if lack := lacking() or ("" if shutil.which("curl") else "curl"):
        pytest.skip(f"not run: a VM and its pipeline need {lack}")
    return new_key()


@pytest.fixture(scope="module")
def vms(key: Key) -> Iterator[tuple[Vm, Vm]]:
    with running_vm("shop-1", key) as shop, running_vm("billing-1", key) as billing:
        yield shop, billing


@pytest.fixture(scope="module")
def stage(key: Key, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with running_product(str(tmp_path_factory.mktemp("gate") / "data")) as product:
        yield prepared(product, key)


def critical_failures(stage: Stage, answer: dict) -> set[str]:
    results = stage.results(answer["scan"])
    return {one["check_id"] for one in results if (one["severity"], one["status"]) == ("critical", "fail")}


def test_a_blocked_vm_is_repaired_and_let_through_and_another_one_is_released_by_an_admin(stage, vms):
    shop, billing = vms
    run, vm = stage.enter("shop", shop_state())
    other_run, other = stage.enter("billing", billing_state())
    pending = stage.handover(vm["id"])
    assert (pending["allowed"], pending["state"], pending["scan"]) == (False, "pending", None)
    assert stage.gate(run).returncode == 3

    stage.meet(vm, shop.port)
    stage.meet(other, billing.port)
    blocked = stage.wait(vm["id"], lambda one: one["state"] != "pending")
    failed = critical_failures(stage, blocked)
    assert (blocked["allowed"], blocked["state"]) == (False, "blocked")
    assert failed >= FAULTS
    scan = stage.pipeline.call("GET", f"scans/{blocked['scan']}/")
    assert blocked["reasons"] == [
        f"{len(failed)} critical CIS check(s) failed",
        f"Score {int(scan['score'] * 10) / 10:.1f} is below the minimum of 70",
    ]
    refused = stage.gate(run, "--wait", "1m")
    assert refused.returncode == 2
    assert all(reason in refused.stdout + refused.stderr for reason in blocked["reasons"])

    shop.harden()
    asked = stage.ann.raw("POST", f"provisioning/vms/{vm['id']}/scan/")
    assert asked.ok, asked.text
    allowed = stage.wait(vm["id"], lambda one: one["state"] not in ("pending", "blocked"))
    assert (allowed["allowed"], allowed["state"], allowed["reasons"]) == (True, "allowed", [])
    assert critical_failures(stage, allowed) == set()
    assert stage.gate(run).returncode == 0

    assert stage.wait(other["id"], lambda one: one["state"] != "pending")["state"] == "blocked"
    path = f"provisioning/vms/{other['id']}/release/"
    assert stage.pipeline.raw("POST", path, json={"reason": "in a hurry"}).status_code == 403
    assert stage.ann.raw("POST", path, json={"reason": ""}).status_code == 400
    stage.ann.call("POST", path, json={"reason": "Needed today; ticket OPS-1."})
    released = stage.handover(other["id"])
    assert (released["allowed"], released["state"]) == (True, "released")
    assert released["would_block"] != []
    assert stage.gate(other_run).returncode == 0


@pytest.mark.parametrize(
    ("provider", "name", "count"),
    [
        ("aws", "show_aws.json", 7), ("azure", "show_azure.json", 3), ("gcp", "show_gcp.json", 3),
        ("vmware", "show_vsphere.json", 4), ("proxmox", "show_proxmox_bpg.json", 2),
        ("proxmox", "show_proxmox_telmate.json", 4),
    ],
)  # fmt: skip
def test_what_terraform_shows_of_each_provider_is_posted_by_curl_once(stage, provider, name, count):
    project = f"fleet-{name}"
    document = applied(name)
    first = stage.post(document, project=project, run_id="run-1")
    again = stage.post(document, project=project, run_id="run-1")
    assert (first.status, again.status, again.body["id"]) == (202, 200, first.body["id"])
    found = stage.vms(project)
    assert len(found) == count
    assert {vm["provider"] for vm in found} == {provider}


def test_a_document_without_a_valid_token_leaves_nothing_behind(stage):
    refused = stage.post(applied("show_opentofu.json"), project="stray", run_id="run-1", key="0" * 64)
    assert refused.status == 401
    assert "stray" not in {row["name"] for row in stage.ann.call("GET", "provisioning/projects/?page_size=100")}
