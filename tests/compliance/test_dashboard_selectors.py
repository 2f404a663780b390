"""The dashboard's figures: sums over what scans leave behind, exact to the edge."""

import pytest
from django.utils import timezone

from compliance.models import ScanTally, Stream
from compliance.selectors.dashboard import dashboard, failing_checks, posture, totals
from organizations.models.organizations import Organization
from tests.factories.compliance import NOON, CredentialFactory, HostFactory, a_scan
from tests.factories.itsm import AlertFactory
from tests.factories.postures import CheckTallyFactory, a_policy, a_standing
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(organization):
    return Organization.objects.filter(pk=organization.pk)


@pytest.fixture
def stand(organization):
    def standing(score=None, **fields):
        host = HostFactory(organization=organization, **fields.pop("host", {}))
        return a_standing(host, score, **fields)

    return standing


def test_average_is_over_the_counted_hosts_only_and_unrounded(own, stand):
    for score in (100.0, 66.6, 33.35):
        stand(score)
    stand(10.0, incomplete=True)
    stand(None)
    stand(0.0, ended_at=NOON)
    found = posture(own)
    assert found.average == pytest.approx((100.0 + 66.6 + 33.35) / 3)
    assert (found.under_policy, found.scanned, found.counted, found.incomplete) == (5, 5, 3, 1)


def test_nothing_scored_has_no_average_rather_than_zero(own, stand):
    stand(None, scanned_at=None)
    found = posture(own)
    assert found.average is None
    assert (found.under_policy, found.scanned, found.counted) == (1, 0, 0)
    assert [one.average for one in found.frameworks] == [None]


@pytest.mark.parametrize(
    ("score", "above", "below", "bucket"),
    [
        (80.0, 0, 0, "80 to 90"), (80.0000001, 1, 0, "80 to 90"), (79.9999999, 0, 0, "70 to 80"),
        (50.0, 0, 0, "50 to 70"), (49.9999999, 0, 1, "below 50"), (0.0, 0, 1, "below 50"), (100.0, 1, 0, "90 to 100"),
        (90.0, 1, 0, "90 to 100"), (70.0, 0, 0, "70 to 80"),
    ],
)  # fmt: skip
def test_edges_belong_to_one_side(own, stand, score, above, below, bucket):
    stand(score)
    found = posture(own)
    assert (found.above_80, found.below_50) == (above, below)
    assert [words for words, hosts in found.distribution if hosts] == [bucket]


def test_a_host_with_two_templates_of_one_framework_is_one_host_of_it(own, stand):
    primary = stand(80.0)
    more = published_template(framework=primary.template.framework, name="More of it")
    a_standing(primary.host, 40.0, role=Stream.Role.SECONDARY, policy=primary.policy, template=more)
    assert [(one.average, one.hosts) for one in posture(own).frameworks] == [(60.0, 1)]


def test_secondary_templates_count_for_their_framework_and_nothing_else(own, stand, organization):
    stig = published_template(framework="STIG", slug="stig")
    primary = stand(80.0)
    a_standing(primary.host, 40.0, role=Stream.Role.SECONDARY, policy=primary.policy, template=stig)
    other = stand(90.0)
    a_standing(other.host, 20.0, role=Stream.Role.SECONDARY, policy=primary.policy, template=stig, incomplete=True)
    found = posture(own)
    assert [(one.name, one.average, one.hosts) for one in found.frameworks] == [("Custom", 85.0, 2), ("STIG", 40.0, 1)]
    assert (found.average, found.under_policy) == (85.0, 2)


def test_worst_are_the_ten_lowest_that_count(own, stand):
    scores = [float(number) for number in range(20, 32)]
    streams = [stand(score) for score in reversed(scores)]
    stand(1.0, incomplete=True)
    worst = dashboard(own).worst
    assert [stream.counted_score for stream in worst] == scores[:10]
    assert worst[0] == streams[-1]


def test_failing_checks_add_the_ledger_up(own, organization, stand):
    policy = a_policy(organization, published_template([a_check("linux_check_1", title="The first")]))
    stand(50.0, policy=policy)
    stand(60.0, policy=policy)
    for status, hosts, severity in (("fail", 3, "high"), ("fail", -1, "high"), ("waived", 1, "high")):
        CheckTallyFactory(
            organization=organization, check_id="linux_check_1", status=status, hosts=hosts, severity=severity
        )
    CheckTallyFactory(organization=organization, check_id="linux_check_2", hosts=1)
    CheckTallyFactory(organization=organization, check_id="linux_check_2", hosts=-1)
    CheckTallyFactory(organization=organization, check_id="linux_check_3", status="error", hosts=1)
    found = dashboard(own).failing
    assert [(row["check_id"], row["failing"], row["waived"], row["errors"]) for row in found] == [
        ("linux_check_1", 2, 1, 0),
        ("linux_check_3", 0, 0, 1),
    ]
    assert (found[0]["title"], found[0]["severity"], found[0]["share"]) == ("The first", "high", 100.0)
    assert found[1]["title"] == "linux_check_3"


def test_totals_count_what_is_there(own, organization):
    a_policy(organization)
    CredentialFactory(organization=organization)
    HostFactory(organization=organization, unreachable_since=NOON)
    HostFactory(organization=organization, retired_at=NOON)
    for status, scans in (("completed", 7), ("failed", 2), ("completed", 1)):
        ScanTally.objects.create(organization=organization, status=status, scan_type="scheduled", scans=scans)
    a_scan(HostFactory(organization=organization))
    AlertFactory(organization=organization, severity="critical")
    AlertFactory(organization=organization, status="acknowledged")
    found = totals(own)
    assert (found.policies, found.credentials, found.hosts, found.unreachable) == (1, 1, 2, 1)
    assert (found.scans, found.scans_failed, found.unfinished) == (11, 2, 1)
    assert (found.open_alerts, found.critical_alerts) == (1, 1)


def test_another_tenants_rows_are_not_in_it(own, other_organization):
    a_standing(HostFactory(organization=other_organization), 10.0)
    CheckTallyFactory(organization=other_organization)
    AlertFactory(organization=other_organization)
    found = dashboard(own)
    assert (found.posture.average, found.totals.hosts, found.worst, found.failing, found.alerts) == (
        None,
        0,
        [],
        [],
        [],
    )
    assert not failing_checks(own).exists()


def test_costs_six_queries(own, stand, organization, django_assert_num_queries):
    stand(50.0)
    CheckTallyFactory(organization=organization)
    AlertFactory(organization=organization, last_seen_at=timezone.now())
    with django_assert_num_queries(6):
        dashboard(own)
