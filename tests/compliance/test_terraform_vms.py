import json
from dataclasses import asdict, fields, is_dataclass

import pytest

from compliance.terraform import formats
from compliance.terraform.attributes import ATTRIBUTES, UNIQUE_WITHIN_STATE
from compliance.terraform.documents import Document
from compliance.terraform.vms import Vm
from tests.compliance.terraform_files import (
    DATA,
    SECRET,
    SHOWN,
    STATES,
    instance,
    loaded,
    of_file,
    only,
    refusal,
    showing,
)


def test_aws_instances_of_every_module_are_read_with_their_index_keys():
    vms = of_file("show_aws.json")
    assert list(vms) == [
        "aws_instance.bastion",
        "aws_instance.broken",
        "aws_instance.directory",
        "aws_spot_instance_request.batch",
        "module.web.aws_instance.this[0]",
        "module.web.aws_instance.this[1]",
        'module.web.module.db["eu"].aws_instance.db["primary"]',
    ]
    assert vms["aws_instance.bastion"] == Vm(
        provider="aws",
        resource_type="aws_instance",
        resource_address="aws_instance.bastion",
        instance_id="i-0aa11bb22cc33dd44",
        name="bastion",
        hostnames=(
            "bastion",
            "ip-10-20-0-10.eu-central-1.compute.internal",
            "ec2-18-196-10-20.eu-central-1.compute.amazonaws.com",
        ),
        addresses=("10.20.0.10", "18.196.10.20", "2a05:d014:1::10"),
        os_family="",
        os_hint="ami-0f7204385566b32d0",
        region="eu-central-1",
        power_state="running",
        tags={"Environment": "production", "ManagedBy": "terraform", "Name": "bastion"},
        ssh_user_hint="",
        tainted=False,
        locator="arn:aws:ec2:eu-central-1:123456789012:instance/i-0aa11bb22cc33dd44",
    )


def test_an_aws_instance_that_keeps_a_password_is_windows():
    vms = of_file("show_aws.json")
    assert vms["aws_instance.directory"].os_family == "windows"
    assert vms["aws_instance.directory"].power_state == "stopped"


def test_a_spot_request_is_the_instance_it_got_and_nothing_before_it_got_one():
    vms = of_file("show_aws.json")
    assert vms["aws_spot_instance_request.batch"].instance_id == "i-0123abcd0123abcd0"
    assert vms["aws_spot_instance_request.batch"].region == "eu-central-1"
    assert "aws_spot_instance_request.waiting" not in vms


@pytest.mark.parametrize(
    ("zone", "region"),
    [("eu-central-1a", "eu-central-1"), ("us-west-2-lax-1a", "us-west-2"), ("us-gov-west-1b", "us-gov-west-1")],
)
def test_a_zone_tells_the_region_of_aws(zone, region):
    assert only(showing(instance(availability_zone=zone))).region == region


def test_a_tainted_machine_is_flagged():
    assert [address for address, vm in of_file("show_aws.json").items() if vm.tainted] == ["aws_instance.broken"]


def test_deposed_objects_and_data_sources_are_no_machines():
    found = {vm.instance_id for name in ("show_aws.json", "state_aws.json") for vm in of_file(name).values()}
    assert "i-0ee00dead00dead00" not in found
    assert "i-0data0data0data00" not in found


def test_azure_machines_are_named_by_guid_and_found_by_resource_id():
    vms = of_file("show_azure.json")
    app, files = vms["azurerm_linux_virtual_machine.app"], vms["azurerm_windows_virtual_machine.files"]
    assert (app.provider, app.instance_id) == ("azure", "5c1fbb21-70a0-4f3b-8d1a-8d1d7c7a9b01")
    assert app.locator.endswith("/providers/Microsoft.Compute/virtualMachines/app-1")
    assert app.addresses == ("10.30.0.4", "10.30.1.4", "20.50.1.4")
    assert (app.os_family, app.os_hint, app.ssh_user_hint) == ("linux", "Debian debian-12 12-gen2", "azureadmin")
    assert (app.region, app.tags) == ("westeurope", {"cost-centre": "4711", "env": "prod"})
    assert (files.os_family, files.ssh_user_hint, files.addresses) == ("windows", "", ("10.30.0.5", "10.30.1.5"))


def test_the_older_azure_type_tells_its_os_and_user_but_no_address():
    vm = of_file("show_azure.json")["azurerm_virtual_machine.legacy"]
    assert (vm.os_family, vm.ssh_user_hint, vm.addresses) == ("linux", "ops", ())
    assert vm.hostnames == ("legacy-host", "legacy")


def test_google_instances_are_named_by_number_and_found_by_path():
    vms = of_file("show_gcp.json")
    api, windows = vms["google_compute_instance.api"], vms["google_compute_instance.win"]
    assert (api.provider, api.instance_id) == ("gcp", "4211337766554433221")
    assert api.locator == "projects/acme-prod/zones/europe-west3-b/instances/api-1"
    assert api.addresses == ("10.156.0.2", "10.200.0.7", "34.89.10.11", "2600:1900:4000::5")
    assert (api.os_family, api.region, api.power_state) == ("linux", "europe-west3-b", "running")
    assert api.tags == {"env": "prod", "goog-terraform-provisioned": "true"}
    assert (windows.os_family, windows.name, windows.power_state) == ("windows", "win-1.corp.example.com", "terminated")
    assert vms["google_compute_instance_from_template.from_template"].os_family == "linux"


def test_vsphere_machines_have_the_name_of_their_customization_and_no_link_local_address():
    vms = of_file("show_vsphere.json")
    node = vms["vsphere_virtual_machine.node[0]"]
    assert (node.provider, node.instance_id) == ("vmware", "4213b3f0-8a8c-4e0a-9d5f-000000000001")
    assert (node.locator, node.name) == ("vm-1041", "k8s-node-0.corp.example.com")
    assert node.addresses == ("192.168.40.21", "172.17.0.1", "fd00:40::21")
    assert vms["vsphere_virtual_machine.files"].hostnames == ("files01", "files")
    assert {name: vm.os_family for name, vm in vms.items()} == {
        "vsphere_virtual_machine.bsd": "",
        "vsphere_virtual_machine.files": "windows",
        "vsphere_virtual_machine.node[0]": "linux",
        "vsphere_virtual_machine.off": "linux",
    }


def test_a_vsphere_machine_without_tools_has_no_address_and_a_name_that_is_no_host_name_is_only_shown():
    off = of_file("show_vsphere.json")["vsphere_virtual_machine.off"]
    assert (off.addresses, off.power_state) == ((), "off")
    assert (off.name, off.hostnames) == ("spare vm", ())


def test_both_proxmox_providers_name_a_machine_alike():
    telmate, bpg = of_file("show_proxmox_telmate.json"), of_file("show_proxmox_bpg.json")
    web, node = telmate["proxmox_vm_qemu.web"], bpg['proxmox_virtual_environment_vm.node["a"]']
    assert (web.instance_id, web.locator) == ("qemu/104", "pve1/qemu/104")
    assert (node.instance_id, node.locator) == ("qemu/201", "pve2/qemu/201")
    assert {vm.provider for vm in [*telmate.values(), *bpg.values()]} == {"proxmox"} == UNIQUE_WITHIN_STATE


@pytest.mark.parametrize(
    "on_node",
    [
        lambda node: instance("proxmox_vm_qemu.web", id=f"{node}/qemu/100", vmid=100, target_node=node),
        lambda node: instance("proxmox_vm_qemu.web", id=None, vmid=100, target_node=node),
        lambda node: instance("proxmox_virtual_environment_vm.web", id="100", vm_id=100, node_name=node),
    ],
    ids=["telmate", "telmate without id", "bpg"],
)
def test_a_proxmox_machine_that_moved_to_another_node_is_the_same(on_node):
    before, after = only(showing(on_node("pve1"))), only(showing(on_node("pve2")))
    assert before.instance_id == after.instance_id == "qemu/100"
    assert (before.locator, after.locator) == ("pve1/qemu/100", "pve2/qemu/100")


def test_a_proxmox_number_that_is_still_to_be_given_is_none():
    lost = instance("proxmox_vm_qemu.web", id=None, vmid=0, target_node="pve1")
    assert "has no id" in str(refusal(showing(lost)))


def test_a_template_of_proxmox_is_no_machine():
    image = instance("proxmox_virtual_environment_vm.image", vm_id=9000, node_name="pve1", template=True)
    web = instance("proxmox_virtual_environment_vm.web", vm_id=100, node_name="pve1", template=False)
    assert only(showing(image, web)).instance_id == "qemu/100"


def test_telmate_addresses_come_from_the_agent_or_from_cloud_init():
    vms = of_file("show_proxmox_telmate.json")
    assert vms["proxmox_vm_qemu.web"].addresses == ("192.168.50.104", "2001:db8:50::104")
    assert vms["proxmox_vm_qemu.static"].addresses == ("10.0.0.5", "fd00::5")
    assert vms["proxmox_vm_qemu.dhcp"].addresses == ()
    assert (vms["proxmox_vm_qemu.web"].ssh_user_hint, vms["proxmox_vm_qemu.static"].ssh_user_hint) == (
        "admin",
        "debian",
    )
    assert (vms["proxmox_vm_qemu.win"].os_family, vms["proxmox_vm_qemu.web"].os_family) == ("windows", "linux")
    assert (vms["proxmox_vm_qemu.web"].tags, vms["proxmox_vm_qemu.web"].region) == ({"prod": "", "web": ""}, "pve1")


def test_bpg_lists_of_lists_are_flattened_without_loopback_and_link_local():
    vms = of_file("show_proxmox_bpg.json")
    agent, static = vms.values()
    assert agent.addresses == ("192.168.60.201", "172.17.0.1", "2001:67c:1::201")
    assert static.addresses == ("192.168.60.202",)
    assert (agent.os_family, static.os_family, agent.ssh_user_hint) == ("linux", "windows", "debian")


def test_opentofu_documents_are_read_alike_quoted_keys_included():
    assert list(of_file("show_opentofu.json")) == [
        r'aws_instance.web["a \"quoted\" key"]',
        "module.edge[0].aws_instance.edge",
    ]


def test_what_makes_machines_that_the_state_does_not_tell_is_told_apart():
    assert formats.read(loaded("show_aws.json"))[1].groups == (
        "aws_autoscaling_group.workers",
        "aws_spot_instance_request.waiting",
    )


def test_every_resource_type_is_in_a_document_of_these_tests():
    assert {vm.resource_type for name in SHOWN for vm in of_file(name).values()} == set(ATTRIBUTES)


def test_control_characters_and_lengths_are_taken_out_of_names_and_tags():
    vm = only(
        showing(
            instance(
                tags={
                    "Name": "web\x00\r\n\x1b[31m\u202e1" + "x" * 9_000,
                    "k\n" * 5_000: "v\t" * 5_000,
                    "n": 7,
                    "b": True,
                    "o": {},
                    "\x00": "z",
                },
                instance_state="run\nning" * 90,
            )
        )
    )
    assert vm.name.startswith("web [31m 1xxx")
    assert len(vm.name) == 255
    assert vm.hostnames == ()
    assert all(len(key) <= 128 and len(value) <= 256 for key, value in vm.tags.items())
    assert all(text.isprintable() for text in [vm.name, vm.power_state, *vm.tags, *vm.tags.values()])
    assert (vm.tags["n"], vm.tags["b"], vm.tags["o"]) == ("7", "", "")
    assert "" not in vm.tags
    assert len(vm.power_state) <= 20


def test_so_many_tags_are_kept_and_no_more():
    tags = {f"k{number:04}": "v" for number in range(5_000)}
    assert list(only(showing(instance(tags=tags))).tags) == [f"k{number:04}" for number in range(50)]


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "web.0x7f",
        "a b",
        "-a",
        "a..b",
        "a" * 64,
        "ä",
    ],
)
def test_a_name_that_is_no_host_name_is_no_candidate(name):
    assert only(showing(instance(tags={"Name": name}))).hostnames == ()


@pytest.mark.parametrize(
    "address",
    [
        *[
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "169.254.169.254",
            "fe80::1",
            "fe80::1%eth0",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
        ],
        *[
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "240.0.0.1",
            "localhost",
            "example.com",
            "10.0.0",
        ],
        *["010.0.0.1", "10.0.0.1:22", "http://10.0.0.1", "dhcp"],
        *["", "1" * 5_000, 167772161, True, None, 1.5, {"a": "10.0.0.1"}],
    ],
)
def test_what_cannot_be_a_machine_in_a_network_is_no_address(address):
    assert only(showing(instance(private_ip=address))).addresses == ()


def test_private_addresses_come_before_public_ones_each_once_in_normal_form():
    vm = only(
        showing(
            instance(
                private_ip="18.196.10.20",
                public_ip="10.0.0.5/24",
                ipv6_addresses=["2A05:D014:1:0::10", "fd00::1", "::ffff:10.0.0.5", "100.64.0.9"],
            )
        )
    )
    assert vm.addresses == ("10.0.0.5", "fd00::1", "100.64.0.9", "18.196.10.20", "2a05:d014:1::10")


def test_an_ipv4_address_written_as_ipv6_is_that_ipv4_address():
    assert only(showing(instance(private_ip="::ffff:10.0.0.7"))).addresses == ("10.0.0.7",)


def test_a_block_of_one_may_be_a_list_or_an_object():
    image = {"publisher": "Debian", "offer": "debian-12", "sku": "12"}
    vms = [
        only(showing(instance("azurerm_linux_virtual_machine.a", source_image_reference=block)))
        for block in (image, [image])
    ]
    assert [vm.os_hint for vm in vms] == ["Debian debian-12 12", "Debian debian-12 12"]


def test_a_text_of_several_parts_needs_all_of_them():
    options = [{"linux_options": [{"host_name": "node-1", "domain": ""}]}]
    vm = only(showing(instance("vsphere_virtual_machine.a", clone=[{"customize": options}])))
    assert vm.hostnames == ("node-1",)
    lost = instance("proxmox_virtual_environment_vm.a", vm_id=7)
    assert only(showing(lost)).locator == ""


def test_a_flood_of_addresses_is_bounded():
    flood = [[f"10.{a}.{b}.1" for b in range(200)] for a in range(200)]
    assert len(only(showing(instance(ipv6_addresses=flood))).addresses) == 16


def test_one_instance_in_two_places_is_one_machine_and_stays_tainted():
    twice = [instance("aws_instance.b"), {**instance("aws_instance.a"), "tainted": True}]
    vm = only(showing(*twice))
    assert (vm.resource_address, vm.tainted) == ("aws_instance.a", True)
    late = [{**instance("aws_instance.b"), "tainted": True}, instance("aws_instance.a")]
    assert only(showing(*late)).tainted


def test_a_machine_whose_making_failed_before_it_got_an_id_is_none():
    assert formats.read(showing({**instance(id=None), "tainted": True}))[1].vms == ()


@pytest.mark.parametrize("name", SHOWN + STATES)
def test_no_secret_of_a_document_is_kept(name):
    written = (DATA / name).read_text()
    document = formats.read(loaded(name))[1]
    assert SECRET not in json.dumps(asdict(document))
    if name not in ("show_nothing.json",):
        assert SECRET in written


@pytest.mark.parametrize("type_", sorted(ATTRIBUTES))
def test_only_named_attributes_are_read_whatever_else_a_resource_holds(type_):
    names = [
        "user_data",
        "user_data_base64",
        "password_data",
        "admin_password",
        "custom_data",
        "metadata",
        "metadata_startup_script",
        "extra_config",
        "vapp",
        "cipassword",
        "sshkeys",
        "ssh_private_key",
        "cicustom",
        "secret",
        "token",
        "connection_info",
        "timeouts",
    ]
    values = dict.fromkeys(names, SECRET) | {
        "id": "pve/qemu/7",
        "virtual_machine_id": "g",
        "instance_id": "5",
        "uuid": "u",
    }
    values |= {"spot_instance_id": "i-1", "vmid": 7, "vm_id": 7, "node_name": "pve", "target_node": "pve"}
    resource = {"address": f"{type_}.a", "mode": "managed", "type": type_, "name": "a", "values": values}
    assert SECRET not in repr(only(showing(resource)))


def test_what_terraform_marks_as_sensitive_is_not_kept_in_any_of_its_copies():
    values = {"tags": {"Name": "web", "Owner": SECRET}, "tags_all": {"Name": "web", "Owner": SECRET, "By": "tf"}}
    marked = {**instance(**values), "sensitive_values": {"tags": {"Owner": True}}}
    assert only(showing(marked)).tags == {"By": "tf", "Name": "web"}
    whole = {**instance(**values), "sensitive_values": {"tags": True, "private_ip": True}}
    assert (only(showing(whole)).tags, only(showing(whole)).hostnames) == ({}, ())
    hidden = {**instance(private_ip="10.0.0.1"), "sensitive_values": {"private_ip": True}}
    assert only(showing(hidden)).addresses == ()
    everything = {**instance(private_ip="10.0.0.1", tags={"a": SECRET}), "sensitive_values": True}
    assert (only(showing(everything)).addresses, only(showing(everything)).tags) == ((), {})


def test_the_records_have_no_place_for_more_than_is_named():
    assert is_dataclass(Document)
    assert {field.name for field in fields(Document)} == {"vms", "lineage", "serial", "terraform_version", "groups"}
    assert not hasattr(only(showing(instance())), "__dict__")
