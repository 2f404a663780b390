"""`make demo-gate`: VMs of an applied state are scanned by themselves, blocked, repaired, let through; all for real.

The VMs are real SSH servers in roots of their own with faults, which are repaired file by file; the documents are what
`terraform show -json` prints for each provider; everything else is the product as a user runs it. Ends 0 when each step
went as it should, 1 at the first that did not.
"""

import sys
import tempfile
from typing import Any

from tests.demo.handover import MINIMUM_SCORE, Stage, applied, billing_state, prepared, shop_state
from tests.demo.product import Failed, expect, running_product, step, told
from tests.peers.vm import Vm, lacking, new_key, running_vm

SHOWN = 8
FLEETS = {
    "aws": "show_aws.json", "azure": "show_azure.json", "gcp": "show_gcp.json", "vmware": "show_vsphere.json",
    "proxmox": "show_proxmox_bpg.json",
}  # fmt: skip


def demonstrate(stage: Stage, shop: Vm, api: Vm) -> None:
    step("The pipeline posts `terraform show -json` of each provider with curl; every VM in it becomes a host")
    for provider, name in FLEETS.items():
        show_fleet(stage, provider, name)

    step("An apply with one VM on AWS; nobody asks for a scan")
    run, vm = stage.enter("shop", shop_state())
    answer = stage.handover(vm["id"])
    expect((answer["allowed"], answer["state"]) == (False, "pending"), f"the gate: not yet. {answer['reasons'][0]}")
    expect(stage.gate(run).returncode == 3, f"manage.py gate --run id:{run} ends 3: still pending")
    told("An admin enters where the VM is met; its address in the state was loopback, which is never taken")
    stage.meet(vm, shop.port)
    blocked = stage.wait(vm["id"], lambda one: one["state"] != "pending")
    expect((blocked["allowed"], blocked["state"]) == (False, "blocked"), "scanned by itself, and blocked:")
    for reason in blocked["reasons"]:
        told(f"   {reason}")
    critical = show_failures(stage, blocked)
    expect(f"{critical} critical CIS check(s) failed" in blocked["reasons"], "the reasons say exactly that")
    done = stage.gate(run, "--wait", "1m")
    expect(done.returncode == 2, f"manage.py gate --run {run} --wait 1m ends 2: blocked")
    show_output(done.stdout)

    step("The VM is repaired in its own files, and an admin asks for another scan")
    shop.harden()
    stage.ann.call("POST", f"provisioning/vms/{vm['id']}/scan/")
    allowed = stage.wait(vm["id"], lambda one: one["scan"] != blocked["scan"] and one["state"] != "pending")
    expect((allowed["allowed"], allowed["state"]) == (True, "allowed"), "the block is over by itself")
    expect(show_failures(stage, allowed) == 0, f"no critical check fails, and the score is at least {MINIMUM_SCORE}")
    done = stage.gate(run, "--wait", "1m")
    expect(done.returncode == 0, f"manage.py gate --run {run} --wait 1m ends 0: it may be handed over")
    show_output(done.stdout)

    told("Its timeline:")
    for event in stage.pipeline.call("GET", f"provisioning/vms/{vm['id']}/")["events"]:
        told(f"   {event['at'][11:19]} {event['kind']}: {event['text']}")

    step("Another VM, on Google Cloud, is blocked too; an admin lets it through")
    run, vm = stage.enter("billing", billing_state())
    stage.meet(vm, api.port)
    blocked = stage.wait(vm["id"], lambda one: one["state"] != "pending")
    expect(blocked["state"] == "blocked", f"blocked: {'; '.join(blocked['reasons'])}")
    refused = stage.pipeline.raw("POST", f"provisioning/vms/{vm['id']}/release/", json={"reason": "we are in a hurry"})
    expect(refused.status_code == 403, "the pipeline itself may not release it")
    unexplained = stage.ann.raw("POST", f"provisioning/vms/{vm['id']}/release/", json={"reason": " "})
    expect(unexplained.status_code == 400, "nobody may without a reason")
    reason = "Needed for the demonstration today; repaired next week, ticket OPS-1."
    stage.ann.call("POST", f"provisioning/vms/{vm['id']}/release/", json={"reason": reason})
    released = stage.handover(vm["id"])
    expect((released["allowed"], released["state"]) == (True, "released"), "released by ann; what speaks against it:")
    for reason in released["would_block"]:
        told(f"   {reason}")
    expect(stage.gate(run).returncode == 0, f"manage.py gate --run id:{run} ends 0")


def show_fleet(stage: Stage, provider: str, name: str) -> None:
    document = applied(name)
    first = stage.post(document, project=f"{provider}-fleet", run_id="run-1")
    expect(first.status == 202, f"{provider}: {name} is accepted")
    again = stage.post(document, project=f"{provider}-fleet", run_id="run-1")
    expect((again.status, again.body["id"]) == (200, first.body["id"]), "posted again, it is the same run")
    for vm in stage.vms(f"{provider}-fleet"):
        told(f"   {vm['resource_address']}: {vm['name']}, {vm['os_family'] or 'OS not told'}, {vm['state']}")


def show_failures(stage: Stage, answer: dict[str, Any]) -> int:
    """Tell the critical failures of the scan that was decided on and return how many there are."""
    scan = stage.pipeline.call("GET", f"scans/{answer['scan']}/")
    told(f"scan {scan['id']}: score {scan['score']:.1f}, {scan['counts']['failed']} checks failed")
    results = stage.results(scan["id"])
    critical = [one for one in results if (one["severity"], one["status"]) == ("critical", "fail")]
    for one in critical[:SHOWN]:
        told(f"   {one['check_id']}: {one['actual']}")
    return len(critical)


def show_output(text: str) -> None:
    for line in text.strip().splitlines():
        told(f"   | {line}")


def main() -> int:
    if lack := lacking():
        sys.stdout.write(f"Not run: a VM needs {lack}.\n")
        return 1
    key = new_key()
    with tempfile.TemporaryDirectory(prefix="plumbline-demo-") as data:
        try:
            step("Two VMs with faults, and the product on an empty data directory")
            with (
                running_vm("shop-1", key) as shop,
                running_vm("billing-1", key) as api,
                running_product(data) as product,
            ):
                stage = prepared(product, key)
                told(f"The gate blocks on critical failures and on a score below {MINIMUM_SCORE}")
                demonstrate(stage, shop, api)
        except Failed as error:
            sys.stdout.write(f"\nNot as told: {error}\n")
            return 1
    sys.stdout.write("\nAll went as told.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
