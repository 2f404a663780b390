"""Custom controls over the API: what they are, what they said, and who may do what with them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cloudbench.models import CloudAccount, CustomControl, CustomResult, Snapshot
from cloudbench.selectors.custom_controls import custom_results_of
from cloudbench.services.facts import packed
from organizations import permissions
from tests.factories.cloudbench import CloudAccountFactory, CustomControlFactory, completed_run
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
PATH = "/api/v1/cloud/custom-controls/"
ROWS = '{"columns": ["arn", "region"], "rows": [["arn:aws:s3:::open", "eu-central-1"]]}'


def said(control: CustomControl, status: str, account: CloudAccount | None = None, **fields: object) -> CustomResult:
    """Have ``control`` say something of a new collection."""
    run = completed_run(account=account or CloudAccountFactory(organization=control.organization))
    rows = packed(ROWS) if status == "FAIL" else b""
    return CustomResult.objects.create(
        organization=control.organization, control=control, snapshot=run.snapshot, sql=control.sql, status=status,
        rows=rows, **fields,
    )  # fmt: skip


def values(owner, **more):
    return {
        "organization": owner.pk, "title": "Buckets are versioned", "severity": "high",
        "sql": "SELECT arn FROM s3_bucket_versioning WHERE Status IS NOT 'Enabled'", **more,
    }  # fmt: skip


def test_a_control_is_created_changed_and_deleted(api, organization):
    made = api.post(PATH, values(organization, remediation="Switch it on."), format="json")
    assert made.status_code == 201, made.content
    assert made.json()["latest"] is None and made.json()["enabled"] is True
    url = f"{PATH}{made.json()['id']}/"
    changed = api.patch(url, {"enabled": False, "severity": "low"}, format="json")
    assert (changed.status_code, changed.json()["enabled"], changed.json()["severity"]) == (200, False, "low")
    assert api.delete(url).status_code == 204
    assert not CustomControl.objects.exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sql": "DELETE FROM s3_buckets"}, "sql"), ({"sql": "SELECT nothing FROM nowhere"}, "sql"),
        ({"sql": " "}, "sql"), ({"sql": "SELECT 1; SELECT 2"}, "sql"), ({"title": " "}, "title"),
        ({"severity": "grave"}, "severity"),
        ({"organization": 987654321}, "organization"), ({"sql": "SELECT '" + "x" * 10_000 + "'"}, "sql"),
    ],
)  # fmt: skip
def test_a_bad_control_is_refused_by_field(api, organization, more, field):
    refused = api.post(PATH, values(organization, **more), format="json")
    assert refused.status_code == 400
    assert [*refused.json()["errors"]] == [field]
    assert not CustomControl.objects.exists()


def test_a_title_is_given_once(api, organization):
    CustomControlFactory(organization=organization, title="Buckets are versioned")
    refused = api.post(PATH, values(organization), format="json")
    assert (refused.status_code, [*refused.json()["errors"]]) == (400, ["title"])


def test_what_a_control_said_last_of_each_account_is_told(api, organization):
    control = CustomControlFactory(organization=organization)
    first, second = (CloudAccountFactory(organization=organization, name=name) for name in ("one", "two"))
    said(control, "FAIL", first, affected=7)
    said(control, "PASS", first)
    failing = said(control, "FAIL", second, affected=3)
    newest = said(control, "SKIP", CloudAccountFactory(organization=organization, name="three"))
    latest = api.get(f"{PATH}{control.pk}/").json()["latest"]
    assert (latest["status"], latest["affected"]) == ("FAIL", 3)
    assert latest["accounts"] == {"pass": 1, "fail": 1, "skip": 1, "error": 0}
    assert latest["newest"]["account_name"] == "three"
    assert latest["newest"]["run"] == newest.snapshot.runs.get().pk
    assert api.get(PATH).json()[0]["latest"] == latest
    assert failing.pk < newest.pk


def test_results_are_listed_and_one_has_its_rows(api, organization):
    control = CustomControlFactory(organization=organization)
    old, new = said(control, "FAIL", affected=1), said(control, "ERROR", reason="denied")
    listed = api.get(f"{PATH}{control.pk}/results/")
    assert [one["id"] for one in listed.json()] == [new.pk, old.pk]
    assert listed["X-Total-Count"] == "2"
    one = api.get(f"{PATH}{control.pk}/results/{old.pk}/").json()
    assert (one["columns"], one["rows"]) == (["arn", "region"], [["arn:aws:s3:::open", "eu-central-1"]])
    assert one["sql"] == control.sql
    assert api.get(f"{PATH}{control.pk}/results/{new.pk}/").json()["rows"] == []
    elsewhere = said(CustomControlFactory(organization=organization), "FAIL")
    assert api.get(f"{PATH}{control.pk}/results/{elsewhere.pk}/").status_code == 404


def test_controls_are_searched_and_filtered(api, organization):
    CustomControlFactory(organization=organization, title="Owners", severity="high", enabled=False)
    CustomControlFactory(organization=organization, title="Buckets", severity="low")
    titles = lambda **asked: [one["title"] for one in api.get(PATH, asked).json()]  # noqa: E731 - a shorthand
    assert titles() == ["Buckets", "Owners"]
    assert titles(search="own") == ["Owners"]
    assert titles(severity="low") == titles(enabled="true") == ["Buckets"]
    assert api.get(PATH, {"severity": "grave"}).status_code == 400


def test_who_may_only_see_changes_nothing(organization):
    viewer = APIClient()
    viewer.force_authenticate(member(organization, "view_compliance"))
    control = CustomControlFactory(organization=organization)
    url = f"{PATH}{control.pk}/"
    assert viewer.get(url).status_code == 200
    assert viewer.post(PATH, values(organization), format="json").status_code == 403
    assert viewer.post("/api/v1/cloud/queries/save/", values(organization), format="json").status_code == 403
    assert viewer.patch(url, {"enabled": False}, format="json").status_code == 403
    assert viewer.delete(url).status_code == 403


def test_who_sees_one_account_learns_nothing_of_the_others(organization):
    mine, other = (CloudAccountFactory(organization=organization, name=name) for name in ("mine", "other"))
    control = CustomControlFactory(organization=organization)
    said(control, "PASS", mine)
    hidden = said(control, "FAIL", other, affected=9)
    user = member(organization)
    permissions.grant(user, "view_compliance", mine)
    client = APIClient()
    client.force_authenticate(type(user).objects.get(pk=user.pk))
    told = client.get(f"{PATH}{control.pk}/").json()["latest"]
    assert (told["status"], told["affected"]) == ("PASS", 0)
    assert [one["account_name"] for one in client.get(f"{PATH}{control.pk}/results/").json()] == ["mine"]
    assert client.get(f"{PATH}{control.pk}/results/{hidden.pk}/").status_code == 404


def test_a_list_costs_the_same_for_many_controls(api, organization):
    account = CloudAccountFactory(organization=organization)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert api.get(PATH, {"page_size": 100}).status_code == 200
        return len(seen)

    for _ in range(2):
        said(CustomControlFactory(organization=organization), "PASS", account)
    few = queries()
    for _ in range(8):
        said(CustomControlFactory(organization=organization), "PASS", account)
    assert queries() == few <= 12


def test_a_snapshot_names_what_the_controls_said(organization):
    fine, bad = CustomControlFactory(organization=organization), CustomControlFactory(organization=organization)
    result = said(fine, "PASS")
    CustomResult.objects.create(
        organization=organization, control=bad, snapshot=result.snapshot, sql="", status="FAIL", affected=2
    )
    assert [one.control for one in custom_results_of(Snapshot.objects.get(pk=result.snapshot_id))] == [bad, fine]
