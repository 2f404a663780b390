import json
import threading

import pytest

from compliance.terraform import formats, show_json, state
from compliance.terraform.documents import (
    LEAST_BYTES_EACH,
    ONE_AT_A_TIME,
    SHORT_BYTES,
    BadDocument,
    Document,
    digest,
    parse,
    parts_in,
)
from tests.compliance.terraform_files import DATA, SHOWN, STATES, instance, loaded, only, refusal, showing


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


@pytest.mark.parametrize("type_", ["proxmox_virtual_environment_vm", "proxmox_vm_qemu"])
def test_two_clusters_in_one_state_are_refused_with_the_remedy(type_):
    values = {"vm_id": 100, "vmid": 100, "id": None}
    refused = str(refusal(showing(instance(f"{type_}.berlin", **values), instance(f"{type_}.paris", **values))))
    assert refused.startswith(f"{type_}.berlin and {type_}.paris are both qemu/100, ")
    assert "Keep one state for each cluster" in refused


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


@pytest.mark.parametrize("unit", ["[],", '{"a":0},', "1,", '{"a":' * 100 + "0" + "}" * 100 + ","])
def test_what_would_fill_the_memory_is_refused_before_it_is_parsed(unit):
    body = f'{{"format_version":"1.0","values":[{unit * (SHORT_BYTES // len(unit) + 1)}0]}}'
    with pytest.raises(BadDocument, match="far more brackets and commas"):
        parse(body.encode())


@pytest.mark.parametrize("name", SHOWN + STATES)
def test_documents_of_terraform_are_far_from_that(name):
    body = json.dumps(json.loads((DATA / name).read_bytes()), separators=(",", ":")).encode()
    assert len(body) > 1.5 * LEAST_BYTES_EACH * parts_in(body)


def test_one_document_is_parsed_at_a_time():
    read = threading.Event()
    waiting = threading.Thread(target=lambda: (parse(b"{}"), read.set()), daemon=True)
    with ONE_AT_A_TIME:
        waiting.start()
        assert not read.wait(0.1)
    assert read.wait(5)
    waiting.join(5)


def test_a_byte_order_mark_does_no_harm():
    assert parse(b'\xef\xbb\xbf{"format_version": "1.0"}') == {"format_version": "1.0"}


def test_modules_nested_without_end_are_refused():
    module: dict[str, object] = {"resources": [instance()]}
    for _ in range(20_000):
        module = {"child_modules": [module]}
    refused = refusal({"format_version": "1.0", "values": {"root_module": module}})
    assert "nested" in str(refused)
