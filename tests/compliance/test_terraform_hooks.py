import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.terraform import notification, run_task
from compliance.terraform.documents import BadDocument, parse
from compliance.terraform.notification import Kind, Notification, RunEvent
from compliance.terraform.payloads import is_at
from compliance.terraform.run_task import RunTask
from compliance.terraform.signature import sign, signed

DATA = Path(__file__).resolve().parents[1] / "data" / "terraform" / "hcp"
MISSING = object()
TOKEN = "4QEuyyxug1f2rw.atlasv1.iDyxqhXGVZ0ykes53YdQyHyYtFOrdAWNBxcVUgWvzb64NFHjcquu8gJMEdUwoSLRu4Q"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=10,
)


def loaded(name: str) -> dict[str, object]:
    value = parse((DATA / name).read_bytes())
    assert isinstance(value, dict)
    return value


def changed(name: str, key: str, value: object) -> dict[str, object]:
    payload = loaded(name)
    if value is MISSING:
        del payload[key]
    else:
        payload[key] = value
    return payload


# Signatures


def test_a_signature_is_hmac_sha512_of_the_raw_body_in_lower_case_hex():
    body = (DATA / "run_task.json").read_bytes()
    expected = hmac.new(b"our key", body, hashlib.sha512).hexdigest()
    assert sign(body, "our key") == expected
    assert signed(body, "our key", expected)


def test_a_known_signature_is_taken():
    """RFC 4231, test case 2."""
    assert signed(
        b"what do ya want for nothing?",
        "Jefe",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    )


def test_a_changed_body_or_another_key_is_refused():
    body, key = b'{"payload_version": 1}', "our key"
    good = sign(body, key)
    assert not signed(body + b" ", key, good)
    assert not signed(b'{"payload_version":1}', key, good)
    assert not signed(body, "other key", good)


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text[:-1], lambda text: text + "0", lambda text: f"sha512={text}"]
)
def test_a_signature_written_otherwise_is_refused(change):
    assert not signed(b"{}", "our key", change(sign(b"{}", "our key")))


def test_no_key_and_no_signature_never_pass():
    assert not signed(b"{}", "", sign(b"{}", ""))
    assert not signed(b"{}", "", "")
    assert not signed(b"{}", "our key", "")


@pytest.mark.parametrize("given_signature", ["ä" * 128, "\udcff" * 3, "\ud800", "\x00", "0" * 100_000])
def test_strange_signatures_are_refused_and_raise_nothing(given_signature):
    assert not signed(b"{}", "our key", given_signature)


# Notifications


def test_a_finished_apply_is_told_with_its_run_and_workspace():
    assert notification.read(loaded("notification_run.json")) == Notification(
        kind=Kind.RUN,
        configuration_id="nc-AeUQ2zfKZzW9TiGZ",
        organization_name="acme-org",
        workspace_id="ws-XdeUVMWShTesDMME",
        workspace_name="my-workspace",
        run_id="run-FwnENkvDnrpyFC7M",
        run_created_at=datetime(2026, 1, 25, 18, 34, tzinfo=UTC),
        events=(RunEvent("run:completed", "applied", "Run Applied", "2026-01-25T18:37:04.000Z"),),
    )
    assert notification.read(loaded("notification_run.json")).applied


def test_every_event_of_a_delivery_counts():
    several = notification.read(loaded("notification_several.json"))
    assert [event.trigger for event in several.events] == ["run:applying", "run:completed"]
    assert several.applied


@pytest.mark.parametrize(
    ("trigger", "status"),
    [
        ("run:completed", "planned_and_finished"),
        ("run:applying", "applied"),
        ("run:errored", "errored"),
        ("run:new", ""),
    ],
)
def test_a_run_that_changed_nothing_or_is_not_done_is_not_applied(trigger, status):
    payload = changed("notification_run.json", "notifications", [{"trigger": trigger, "run_status": status or None}])
    read = notification.read(payload)
    assert (read.kind, read.applied) == (Kind.RUN, False)


def test_a_run_without_changes_is_not_applied():
    assert not notification.read(loaded("notification_unchanged.json")).applied


def test_a_verification_full_of_nulls_is_known():
    read = notification.read(loaded("notification_verification.json"))
    assert read == Notification(kind=Kind.VERIFICATION, configuration_id="nc-AeUQ2zfKZzW9TiGZ")
    assert not read.applied


@pytest.mark.parametrize("name", ["notification_assessment.json", "notification_auto_destroy.json"])
def test_notifications_of_another_version_are_no_runs(name):
    assert notification.read(loaded(name)) == Notification(kind=Kind.OTHER, configuration_id="nc-SZ3V3cLFxK6sqLKn")


def test_a_version_written_as_text_is_the_same_version():
    assert notification.read(changed("notification_run.json", "payload_version", "1")).kind is Kind.RUN


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("payload_version", MISSING, "payload_version"),
        ("payload_version", None, "payload_version"),
        ("payload_version", True, "payload_version"),
        ("payload_version", "one", "payload_version"),
        ("payload_version", "²", "payload_version"),
        ("notification_configuration_id", 7, "notification_configuration_id"),
        ("run_id", None, "run_id"),
        ("run_id", "../../secrets", "run_id"),
        ("run_id", "run-1\n", "run_id"),
        ("run_id", "r" * 101, "run_id"),
        ("workspace_id", "ws-1/../../x", "workspace_id"),
        ("workspace_id", MISSING, "workspace_id"),
        ("workspace_name", {}, "workspace_name"),
        ("workspace_name", "", "workspace_name"),
        ("organization_name", None, "organization_name"),
        ("notifications", None, "notifications"),
        ("notifications", [], "notifications"),
        ("notifications", [{"trigger": "x"}] * 101, "notifications"),
        ("notifications", [7], "notifications[0]"),
        ("notifications", [{"trigger": "run:created"}, {"trigger": None}], "notifications[1].trigger"),
        ("notifications", [{"trigger": "run:created", "run_status": []}], "notifications[0].run_status"),
    ],
)
def test_a_notification_that_is_wrong_is_refused_by_its_field(key, value, field):
    with pytest.raises(BadDocument) as raised:
        notification.read(changed("notification_run.json", key, value))
    assert raised.value.field == field
    assert field in str(raised.value)


def test_texts_of_a_notification_are_cleaned_and_bounded():
    payload = changed("notification_run.json", "workspace_name", "my\r\n\x1bspace" + "x" * 9_000)
    name = notification.read(payload).workspace_name
    assert name.startswith("my space")
    assert len(name) == 120


# Run tasks


def test_a_request_is_read_with_what_the_answer_needs():
    assert run_task.read(loaded("run_task.json")) == RunTask(
        stage="post_apply",
        task_result_id="taskrs-2nH5dncYoXaMVQmJ",
        callback_url="https://app.terraform.io/api/v2/task-results/5ea8d46c-2ceb-42cd-83f2-82e54697bddd/callback",
        access_token=TOKEN,
        enforcement_level="mandatory",
        outcomes=True,
        organization_name="hashicorp",
        workspace_id="ws-ck4G5bb1Yei5szRh",
        workspace_name="tfr_github_0",
        run_id="run-i3Df5to9ELvibKpQ",
        run_created_at=datetime(2026, 1, 2, 14, 47, 13, 36_000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "value", [MISSING, None, 7, "soon", "2026-01-02", "2026-01-02T14:47:13", "0001-01-01T00:00:00+14:00", "9" * 99]
)
def test_a_run_may_come_without_a_time_that_can_be_read(value):
    assert run_task.read(changed("run_task.json", "run_created_at", value)).run_created_at is None


def test_times_are_read_in_utc():
    read = run_task.read(changed("run_task.json", "run_created_at", "2026-01-02T14:47:13+02:00"))
    assert read.run_created_at == datetime(2026, 1, 2, 12, 47, 13, tzinfo=UTC)


@pytest.mark.parametrize("stage", ["pre_plan", "post_plan", "pre_apply", "post_apply"])
def test_every_stage_is_known(stage):
    assert run_task.read(changed("run_task.json", "stage", stage)).stage == stage


def test_the_request_that_tests_a_new_task_asks_for_nothing():
    assert run_task.read(loaded("run_task_test.json")) == RunTask(verification=True)


@pytest.mark.parametrize("capabilities", [MISSING, None, {}, {"outcomes": False}, {"outcomes": "true"}])
def test_details_are_sent_only_to_who_takes_them(capabilities):
    assert run_task.read(changed("run_task.json", "capabilities", capabilities)).outcomes is False


def test_a_plan_that_nobody_will_apply_is_told():
    assert run_task.read(changed("run_task.json", "is_speculative", True)).speculative is True


def test_the_token_is_not_shown_with_the_record():
    assert TOKEN not in repr(run_task.read(loaded("run_task.json")))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("payload_version", 2),
        ("payload_version", MISSING),
        ("stage", "test"),
        ("stage", None),
        ("stage", ["post_apply"]),
        ("access_token", ""),
        ("access_token", None),
        ("access_token", "a b"),
        ("access_token", "a\r\nX-Other: b"),
        ("access_token", "a\nb"),
        ("access_token", "ä"),
        ("access_token", "x" * 1_001),
        ("task_result_enforcement_level", "test"),
        ("task_result_id", "a/b"),
        ("task_result_id", 5),
        ("task_result_callback_url", None),
        ("task_result_callback_url", "http://app.terraform.io/api/v2/task-results/1/callback"),
        ("task_result_callback_url", "https://app.terraform.io/" + "x" * 1_000),
        ("task_result_callback_url", "https://app.terraform.io/a b"),
        ("task_result_callback_url", "https://app.terraform.io/a\n"),
        ("run_id", MISSING),
        ("workspace_id", ""),
        ("workspace_name", 3),
        ("organization_name", MISSING),
        ("capabilities", []),
    ],
)
def test_a_request_that_is_wrong_is_refused_by_its_field(key, value):
    with pytest.raises(BadDocument) as raised:
        run_task.read(changed("run_task.json", key, value))
    assert raised.value.field == key
    assert key in str(raised.value)


@pytest.mark.parametrize("payload", [[], None, "text", 5, {}])
def test_what_is_no_payload_is_refused(payload):
    for read in (notification.read, run_task.read):
        with pytest.raises(BadDocument):
            read(payload)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_value_in_any_field_is_read_or_refused(data):
    for name, read in (("notification_run.json", notification.read), ("run_task.json", run_task.read)):
        payload = loaded(name)
        payload[data.draw(st.sampled_from(sorted(payload)))] = data.draw(JSON)
        try:
            kept = read(payload)
        except BadDocument as refused:
            kept = refused.field
        assert kept is not None


# Where answers may go


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://app.terraform.io/api/v2/task-results/1/callback", "app.terraform.io"),
        ("https://APP.terraform.io/api", "App.Terraform.IO"),
        ("https://app.terraform.io:443/api", "app.terraform.io"),
        ("https://app.terraform.io/api", "app.terraform.io:443"),
        ("https://127.0.0.1:8443/api", "127.0.0.1:8443"),
    ],
)
def test_an_address_of_the_stored_host_may_be_called(address, host):
    assert is_at(address, host)


@pytest.mark.parametrize(
    "address",
    [
        "http://app.terraform.io/api",
        "https://app.terraform.io:8443/api",
        "https://app.terraform.io.evil.example/api",
        "https://evil.example/app.terraform.io",
        "https://app.terraform.io@evil.example/api",
        "https://user:pw@app.terraform.io/api",
        "https://evil.example\\@app.terraform.io/api",
        "https://evil.example#@app.terraform.io/api",
        "https://evil.example?@app.terraform.io/api",
        "https://app.terraform.io",
        "https:///api",
        "//app.terraform.io/api",
        " https://app.terraform.io/api",
        "https://app.terraform.io/api\r\nHost: evil.example",
        "https://app.terraform.io./api",
        "ftp://app.terraform.io/api",
        "",
    ],
)
def test_any_other_address_may_not(address):
    assert not is_at(address, "app.terraform.io")


def test_without_a_stored_host_nothing_may_be_called():
    assert not is_at("https://app.terraform.io/api", "")


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.json")))
def test_every_recorded_payload_is_used_and_is_json(name):
    assert json.loads((DATA / name).read_text())["payload_version"] in (1, "2")
