"""Trends and score changes through the API."""

from datetime import timedelta

import pytest
import time_machine

from compliance.models import DailyScore
from tests.compliance.test_postures_services import CHECKS, scanned
from tests.factories.compliance import NOON, HostFactory
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import a_policy
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def policy():
    return a_policy(OrganizationFactory(), published_template([a_check(one) for one in CHECKS]))


@pytest.fixture
def reader(policy, client):
    client.force_login(member(policy.organization, "view_compliance"))
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        yield client


def day_row(policy, day, average, hosts, **fields):
    values = {"minimum": average, "maximum": average, "zone": "UTC", "computed_at": NOON} | fields
    return DailyScore.objects.create(
        organization=policy.organization, policy=policy, day=day, average=average, hosts=hosts, **values
    )


def test_days_without_scans_are_gaps_and_the_summary_leaves_them_out(policy, reader):
    day_row(policy, NOON.date(), 90, 2, minimum=80, maximum=100)
    day_row(policy, NOON.date() - 2 * DAY, 70, 1, incomplete=3)
    answer = reader.get("/api/v1/trends/?days=7")
    assert answer.status_code == 200
    body = answer.json()
    assert [row["average"] for row in body["days"]] == [None, None, None, None, 70, None, 90]
    assert body["days"][-3]["incomplete"] == 3
    assert body["summary"] == {"average": 80, "minimum": 70, "maximum": 100}


def test_several_policies_are_weighed_by_their_hosts(policy, reader):
    other = a_policy_for_windows(policy)
    day_row(policy, NOON.date(), 90, 3)
    day_row(other, NOON.date(), 50, 1)
    assert reader.get("/api/v1/trends/?days=7").json()["days"][-1]["average"] == 80
    assert reader.get(f"/api/v1/trends/?days=7&policy={other.pk}").json()["days"][-1]["average"] == 50


def a_policy_for_windows(policy):
    template = published_template(os_type="windows")
    return type(policy).objects.create(organization=policy.organization, os_type="windows", template=template)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("trends/?days=8", "days"),
        ("trends/?days=x", "days"),
        ("trends/?policy=999999", "policy"),
        ("trends/?policy=9999999999999999999999", "policy"),
        ("score-changes/?from=yesterday", "from"),
        ("score-changes/?to=2999-01-01", "to"),
        ("score-changes/?from=2026-11-21&to=2026-11-01", "from"),
        ("score-changes/?host=-1", "host"),
    ],
)
def test_a_bad_question_names_its_field(reader, path, field):
    answer = reader.get(f"/api/v1/{path}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_another_organizations_rows_get_the_same_words_as_unknown_ones(reader):
    foreign = HostFactory()
    theirs = reader.get(f"/api/v1/score-changes/?host={foreign.pk}").json()
    nobodys = reader.get("/api/v1/score-changes/?host=987654").json()
    assert theirs["errors"] == nobodys["errors"]


def test_score_changes_add_up(policy, reader):
    host = scanned(policy, "pppppppppf", at=NOON - 3 * DAY).host
    scanned(policy, "ppppppffff", host=host, at=NOON)
    body = reader.get("/api/v1/score-changes/").json()
    assert (body["before"], body["after"], body["items"]) == (None, 60, [])
    body = reader.get(f"/api/v1/score-changes/?from={(NOON - 2 * DAY).date()}").json()
    assert (body["before"], body["after"], body["moved"]) == (90, 60, -30)
    assert round(sum(item["points"] for item in body["items"]), 9) == -30
    assert {item["check_id"] for item in body["items"]} == {"linux_check_6", "linux_check_7", "linux_check_8"}
    assert body["items"][0]["title"] == "The kernel does not forward IPv4 packets"


def test_questions_cost_few_queries(policy, reader, django_assert_max_num_queries):
    scanned(policy, "pppppppppf", at=NOON - 3 * DAY)
    for path in ("trends/?days=90", "score-changes/?from=2026-11-01"):
        with django_assert_max_num_queries(12):
            assert reader.get(f"/api/v1/{path}").status_code == 200


def test_a_check_is_never_named_as_another_organizations_template_words_it(policy, reader):
    host = scanned(policy, "pppppppppf", at=NOON - 3 * DAY).host
    scanned(policy, "ppppppppff", host=host, at=NOON)
    published_template([a_check("linux_check_8", title="A secret of others")], organization=OrganizationFactory())
    body = reader.get(f"/api/v1/score-changes/?from={(NOON - 2 * DAY).date()}").json()
    assert [item["title"] for item in body["items"]] == ["The kernel does not forward IPv4 packets"]
