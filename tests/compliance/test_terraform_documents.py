import contextlib
import json
import random
import time
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.terraform import formats, show_json, state
from compliance.terraform.attributes import ATTRIBUTES
from compliance.terraform.documents import BadDocument, Document, digest, parse
from compliance.terraform.vms import Vm

DATA = Path(__file__).resolve().parents[1] / "data" / "terraform"
SHOWN = sorted(path.name for path in DATA.glob("show_*.json"))
STATES = sorted(path.name for path in DATA.glob("state_*.json") if "encrypted" not in path.name)
SECRET = "S3CR3T"
TRUSTED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def loaded(name: str) -> object:
    return parse((DATA / name).read_bytes())


def of_file(name: str) -> dict[str, Vm]:
    return {vm.resource_address: vm for vm in formats.read(loaded(name))[1].vms}


def showing(*resources: dict[str, object], **more: object) -> dict[str, object]:
    return {"format_version": "1.0", "values": {"root_module": {"resources": list(resources), **more}}}


def instance(address: str = "aws_instance.web", **values: object) -> dict[str, object]:
    type_, _, name = address.partition(".")
    values = {"id": "i-0123456789abcdef0", **values}
    return {"address": address, "mode": "managed", "type": type_, "name": name, "values": values}


def only(document: object) -> Vm:
    (vm,) = formats.read(document)[1].vms
    return vm


def refusal(document: object) -> BadDocument:
    with pytest.raises(BadDocument) as raised:
        formats.read(document)
    return raised.value


# What each provider writes


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
    assert telmate["proxmox_vm_qemu.web"].instance_id == "pve1/qemu/104"
    assert bpg['proxmox_virtual_environment_vm.node["a"]'].instance_id == "pve2/qemu/201"
    assert {vm.provider for vm in [*telmate.values(), *bpg.values()]} == {"proxmox"}


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


def test_scaling_groups_are_told_apart_for_no_state_lists_their_machines():
    assert formats.read(loaded("show_aws.json"))[1].groups == ("aws_autoscaling_group.workers",)


def test_every_resource_type_is_in_a_document_of_these_tests():
    assert {vm.resource_type for name in SHOWN for vm in of_file(name).values()} == set(ATTRIBUTES)


# The two formats


@pytest.mark.parametrize("name", STATES)
def test_raw_state_says_the_same_as_the_shown_one(name):
    raw, shown = formats.read(loaded(name)), formats.read(loaded(name.replace("state_", "show_")))
    assert (raw[0], shown[0]) == ("state", "show-json")
    assert raw[1].vms == shown[1].vms
    assert raw[1].groups == shown[1].groups
    assert digest(raw[1]) == digest(shown[1])


def test_raw_state_tells_lineage_and_serial():
    document = state.read(loaded("state_aws.json"))
    assert (document.lineage, document.serial, document.terraform_version) == (
        "3f1c0a52-8f0e-9d53-2f0b-6f0f2f0d9a11",
        17,
        "1.9.8",
    )


@pytest.mark.parametrize(
    ("key", "written"),
    [
        (None, ""),
        (0, "[0]"),
        (12, "[12]"),
        ("web", '["web"]'),
        ('a"b\\c', r'["a\"b\\c"]'),
        ("${x}%{y}", '["$${x}%%{y}"]'),
        (True, ""),
        (1.5, ""),
    ],
)
def test_an_index_key_is_written_as_terraform_writes_it(key, written):
    resource = {
        "mode": "managed",
        "type": "aws_instance",
        "name": "this",
        "module": "module.web[0]",
        "instances": [{"index_key": key, "attributes": {"id": "i-1"}}],
    }
    vm = only({"version": 4, "resources": [resource]})
    assert vm.resource_address == f"module.web[0].aws_instance.this{written}"


def test_a_resource_without_address_gets_one_from_its_parts():
    resource = instance()
    del resource["address"]
    module = {"address": "module.a", "resources": [resource]}
    assert only(showing(child_modules=[module])).resource_address == "module.a.aws_instance.web"
    assert only(showing(resource)).resource_address == "aws_instance.web"


@pytest.mark.parametrize("document", [{"format_version": "1.0"}, {"version": 4, "resources": []}])
def test_a_state_that_holds_nothing_has_no_machines(document):
    assert formats.read(document)[1].vms == ()


# What is refused


@pytest.mark.parametrize(
    ("document", "field", "words"),
    [
        ([], "", "JSON object"),
        ('resource "aws_instance" {}', "", "JSON object"),
        (None, "", "JSON object"),
        ({}, "", "empty"),
        ({"data": []}, "", "Neither format_version nor version"),
        ({"resource": {"aws_instance": {}}}, "resource", "Terraform code"),
        ({"format_version": "1.0", "provider_schemas": {}}, "values", "no state"),
        ({"format_version": "1.0", "values": None}, "values.root_module", "must be an object"),
        ({"format_version": "1.0", "values": {}}, "values.root_module", "must be an object"),
        ({"format_version": "2.0", "values": {"root_module": {}}}, "format_version", "below 2.0"),
        ({"format_version": "0.0", "values": {"root_module": {}}}, "format_version", "0.1 and newer"),
        ({"format_version": 1.0, "values": {"root_module": {}}}, "format_version", "a text"),
        ({"format_version": "1", "values": {"root_module": {}}}, "format_version", "a text"),
        ({"format_version": "1.0\n", "values": {"root_module": {}}}, "format_version", "a text"),
        ({"version": 3, "modules": []}, "version", "version 4"),
        ({"version": True, "resources": []}, "version", "version 4"),
        ({"version": 4}, "resources", "must be a list"),
        ({"version": 4, "resources": [7]}, "resources[0]", "must be an object"),
        ({"version": 4, "resources": [{"mode": "managed"}]}, "resources[0].type", "must be a text"),
        (
            showing({"mode": "managed", "type": "aws_instance"}),
            "values.root_module.resources[0].name",
            "must be a text",
        ),
        (showing({"type": "aws_instance", "name": "x"}), "values.root_module.resources[0].mode", "must be a text"),
        (showing(child_modules={}), "values.root_module.child_modules", "must be a list"),
        (showing(child_modules=[{"resources": [3]}]), "values.root_module.child_modules[0].resources[0]", "an object"),
        (showing({**instance(), "values": None}), "values.root_module.resources[0]", "no attributes"),
        (showing(instance(id=None)), "values.root_module.resources[0]", "aws_instance.web has no id"),
        (showing(instance(id="x" * 500)), "values.root_module.resources[0]", "has no id"),
    ],
)
def test_what_is_no_applied_state_is_refused_with_its_place(document, field, words):
    refused = refusal(document)
    assert refused.field == field
    assert words in str(refused)


def test_state_of_before_012_within_a_newer_one_is_refused():
    flat = {"mode": "managed", "type": "aws_instance", "name": "a", "instances": [{"attributes_flat": {"id": "i-1"}}]}
    assert refusal({"version": 4, "resources": [flat]}).field == "resources[0].instances[0]"


def test_a_plan_is_refused_and_told_apart():
    refused = refusal(loaded("plan.json"))
    assert refused.field == "planned_values"
    assert "This is a plan" in str(refused)
    assert "after the apply" in str(refused)


def test_encrypted_state_is_refused_with_the_remedy():
    refused = refusal(loaded("state_encrypted.json"))
    assert refused.field == "encrypted_data"
    assert "Post `tofu show -json` instead" in str(refused)


@pytest.mark.parametrize("reader", [show_json.read, state.read])
@pytest.mark.parametrize("name", ["plan.json", "state_encrypted.json"])
def test_each_reader_refuses_for_itself(reader, name):
    with pytest.raises(BadDocument):
        reader(loaded(name))


def test_one_format_is_not_taken_for_the_other():
    with pytest.raises(BadDocument):
        state.read(loaded("show_aws.json"))
    with pytest.raises(BadDocument):
        show_json.read(loaded("state_aws.json"))


@pytest.mark.parametrize("version", ["0.1", "0.2", "1.0", "1.2", "1.10", "1.0.1"])
def test_known_versions_of_the_format_are_read(version):
    assert formats.read({"format_version": version, "values": {"root_module": {}}})[1] == Document()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'resource "aws_instance" "web" {}', "Terraform code"),
        (b'{"format_version": "1.0"', "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"1" * 10_000, "too long"),
    ],
)
def test_a_body_that_is_no_json_is_refused(body, words):
    with pytest.raises(BadDocument, match=words):
        parse(body)


def test_a_byte_order_mark_does_no_harm():
    assert parse(b'\xef\xbb\xbf{"format_version": "1.0"}') == {"format_version": "1.0"}


def test_modules_nested_without_end_are_refused():
    module: dict[str, object] = {"resources": [instance()]}
    for _ in range(20_000):
        module = {"child_modules": [module]}
    refused = refusal({"format_version": "1.0", "values": {"root_module": module}})
    assert "nested" in str(refused)


# Names, tags and addresses that somebody else chose


def test_control_characters_and_lengths_are_taken_out_of_names_and_tags():
    vm = only(
        showing(
            instance(
                tags={
                    "Name": "web\x00\r\n\x1b[31m\u202e1" + "x" * 9_000,
                    "k\n" * 5_000: "v\t" * 5_000,
                    "n": 7,
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
    assert vm.tags["n"] == "7"
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


# Secrets


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


# Whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
NAMES = sorted(
    {
        path[0]
        for kind in ATTRIBUTES.values()
        for pick in (*kind.addresses, *kind.names, *kind.instance_id)
        for path in pick.paths
    }
    | {"tags", "tags_all", "labels", "os_profile", "initialization", "boot_disk", "network_interface", "clone"}
)
ATTRIBUTE_SETS = st.dictionaries(
    st.sampled_from(NAMES), JSON | st.just("10.0.0.1") | st.just([["10.0.0.1"], ["::1"]]), max_size=12
)
RESOURCES = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["managed", "data"]) | JSON,
        "type": st.sampled_from(sorted(ATTRIBUTES)) | JSON,
        "name": st.text(max_size=9) | JSON,
    },
    optional={
        "address": JSON,
        "values": ATTRIBUTE_SETS | JSON,
        "sensitive_values": JSON,
        "tainted": JSON,
        "deposed_key": JSON,
    },
)


def document_or_refusal(document: object) -> None:
    try:
        name, read = formats.read(document)
    except BadDocument:
        return
    assert name in formats.READERS
    assert all(vm.instance_id and vm.resource_address for vm in read.vms)


@TRUSTED
@given(JSON | st.dictionaries(st.sampled_from(["format_version", "version", "values", "resources"]), JSON))
def test_any_json_is_a_document_or_a_refusal(document):
    document_or_refusal(document)


@TRUSTED
@given(st.lists(RESOURCES, max_size=4), st.lists(RESOURCES | JSON, max_size=2))
def test_any_resources_are_a_document_or_a_refusal(resources, inner):
    document_or_refusal(showing(*resources, child_modules=[{"address": "module.m", "resources": inner}]))


@TRUSTED
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "mode": st.just("managed") | JSON,
                "type": st.sampled_from(sorted(ATTRIBUTES)),
                "name": st.text(min_size=1, max_size=9),
            },
            optional={
                "module": JSON,
                "instances": JSON
                | st.lists(
                    st.fixed_dictionaries(
                        {"attributes": ATTRIBUTE_SETS},
                        optional={"index_key": JSON, "status": JSON, "deposed": JSON, "sensitive_attributes": JSON},
                    ),
                    max_size=3,
                ),
            },
        ),
        max_size=4,
    )
)
def test_any_raw_state_is_a_document_or_a_refusal(resources):
    document_or_refusal({"version": 4, "resources": resources})


@TRUSTED
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_body_is_json_or_a_refusal(body):
    with contextlib.suppress(BadDocument):
        document_or_refusal(parse(body))


@pytest.mark.parametrize("name", ["show_aws.json", "show_azure.json", "state_aws.json"])
def test_the_order_of_resources_does_not_matter(name):
    def shuffled(value: object, chance: random.Random) -> object:
        if isinstance(value, dict):
            pairs = [(key, shuffled(inner, chance)) for key, inner in value.items()]
            chance.shuffle(pairs)
            resources = dict(pairs)
            for key in ("resources", "child_modules", "instances"):
                if isinstance(resources.get(key), list):
                    chance.shuffle(resources[key])
            return resources
        return [shuffled(inner, chance) for inner in value] if isinstance(value, list) else value

    document = loaded(name)
    expected = formats.read(document)
    for seed in range(10):
        other = shuffled(document, random.Random(seed))
        assert json.dumps(other) != json.dumps(document)
        assert formats.read(other) == expected
        assert digest(formats.read(other)[1]) == digest(expected[1])


@TRUSTED
@given(
    st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), max_size=3),
    st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True),
    st.none()
    | st.integers(0, 10**6)
    | st.from_regex(r"[a-zA-Z0-9 ._/-]{1,12}", fullmatch=True).map(str.strip).filter(bool),
)
def test_an_address_is_built_of_modules_type_name_and_key(modules, name, key):
    module = ".".join(f"module.{one}" for one in modules)
    resource = {"mode": "managed", "type": "aws_instance", "name": name, "instances": [{"attributes": {"id": "i-1"}}]}
    resource |= {"module": module} if module else {}
    if key is not None:
        resource["instances"][0]["index_key"] = key
    suffix = "" if key is None else f"[{json.dumps(key)}]"
    address = only({"version": 4, "resources": [resource]}).resource_address
    assert address == " ".join(f"{module}{'.' if module else ''}aws_instance.{name}{suffix}".split())


def many(count: int) -> dict[str, object]:
    """A state of ``count`` machines, ten to a module, each module within three others."""
    pattern = loaded("show_aws.json")["values"]["root_module"]["resources"][0]
    modules = []
    for start in range(0, count, 10):
        resources = [
            {
                **pattern,
                "address": f"module.m.aws_instance.x[{number}]",
                "values": {**pattern["values"], "id": f"i-{number:017x}"},
            }
            for number in range(start, start + 10)
        ]
        modules.append({"child_modules": [{"child_modules": [{"resources": resources}]}]})
    return showing(child_modules=modules)


def test_a_large_state_is_read_in_time_that_grows_with_it_alone():
    for count, most_s in ((500, 0.1), (10_000, 2.0)):
        document = many(count)
        started = time.process_time()
        read = formats.read(document)[1]
        assert time.process_time() - started < most_s
        assert len(read.vms) == count


def test_a_state_of_more_machines_than_we_hold_is_refused():
    assert "20000 machines" in str(refusal(many(20_010)))
