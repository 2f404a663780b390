"""The API of schedules."""

import pytest

from cloudbench.models import Schedule
from organizations import permissions
from tests.factories.cloudbench import BenchmarkFactory, CloudAccountFactory, ScheduleFactory
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
SCHEDULES = "/api/v1/cloud/schedules/"


@pytest.fixture
def account(organization):
    BenchmarkFactory(slug="small")
    return CloudAccountFactory(organization=organization)


@pytest.fixture
def body(account):
    return {"account": account.pk, "benchmarks": ["small"], "frequency": "weekly", "weekday": 0, "time": "06:00"}


def test_a_schedule_is_made_changed_paused_and_deleted(api, body, organization):
    made = api.post(SCHEDULES, body | {"time_zone": "Europe/Berlin", "alert_on_drop": True, "drop_points": 5})
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["organization"], shown["time"], shown["time_zone"]) == (organization.pk, "06:00", "Europe/Berlin")
    assert shown["next_at"] and shown["last_at"] is None
    url = f"{SCHEDULES}{shown['id']}/"
    assert api.patch(url, {"enabled": False}).json()["next_at"] is None
    assert api.patch(url, {"frequency": "monthly", "day": 31, "enabled": True}).json()["weekday"] is None
    assert api.delete(url).status_code == 204
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account": 987654}, "account"),
        ({"benchmarks": []}, "benchmarks"),
        ({"benchmarks": ["none_such"]}, "benchmarks"),
        ({"benchmarks": "small"}, "benchmarks"),
        ({"frequency": "hourly"}, "frequency"),
        ({"weekday": None}, "weekday"),
        ({"weekday": 9}, "weekday"),
        ({"time": "25:00"}, "time"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"drop_points": 0}, "drop_points"),
        ({"drop_points": 101}, "drop_points"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(api, body, change, field):
    response = api.post(SCHEDULES, body | change)
    assert response.status_code == 400, response.content
    assert field in {name.split(".")[0] for name in response.json()["errors"]}
    assert not Schedule.objects.exists()


def test_the_account_stays(api, account, organization):
    schedule, other = (
        ScheduleFactory(account=account, benchmarks=["small"]),
        CloudAccountFactory(organization=organization),
    )
    api.patch(f"{SCHEDULES}{schedule.pk}/", {"account": other.pk, "time": "07:00"})
    schedule.refresh_from_db()
    assert (schedule.account_id, f"{schedule.time:%H:%M}") == (account.pk, "07:00")


def test_filters_and_scopes(api, client_of, account, organization):
    mine, other = (
        ScheduleFactory(account=account),
        ScheduleFactory(account=CloudAccountFactory(organization=organization)),
    )
    assert [one["id"] for one in api.get(SCHEDULES, {"account": account.pk}).json()] == [mine.pk]
    user = member(organization)
    permissions.grant(user, "view_compliance", account)
    client = client_of(user)
    assert [one["id"] for one in client.get(SCHEDULES).json()] == [mine.pk]
    assert client.get(f"{SCHEDULES}{other.pk}/").status_code == 404
    assert client.patch(f"{SCHEDULES}{mine.pk}/", {"enabled": False}).status_code == 403
