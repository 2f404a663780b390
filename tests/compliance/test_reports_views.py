"""The tab Reports: sections, lists, exports and files as pages, and what they cost."""

import csv
import io
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from compliance.models import DailyScore, Movement, Policy, Scan, Stream
from compliance.selectors.csv_export import COLUMNS, Wanted, exported
from compliance.services import compliance_reports, scan_reports
from compliance.tasks import make_compliance_report
from organizations.models.organizations import Organization
from organizations.models.reports import ReportRequest, SealedReport
from tests.factories.compliance import NOON, HostFactory, HostGroupFactory, completed_scan
from tests.factories.organizations import OrganizationFactory, member
from tests.factories.postures import CheckTallyFactory, a_policy, a_standing
from tests.factories.templates_app import a_check, published_template

pytestmark = pytest.mark.django_db

SECTIONS = (
    "/compliance/reports/", "/compliance/reports/score-changes/", "/compliance/reports/export/",
    "/compliance/reports/compliance/", "/compliance/reports/compliance/?list=checks", "/compliance/reports/files/",
)  # fmt: skip


@pytest.fixture
def template(db):
    return published_template([a_check(f"linux_check_{n}", title=f"Rule {n}") for n in range(5)], slug="cis-l1-linux")


@pytest.fixture
def policy(organization, template):
    return a_policy(organization, template)


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def scanned(policy):
    """Scan a host under the policy, with the product's own services."""

    def scan(hostname="web-1.example.com", statuses=("fail", "error", "waived", "pass", "skip"), **fields) -> Stream:
        host = HostFactory(organization=policy.organization, hostname=hostname, **fields)
        stream = Stream.objects.create(
            organization=host.organization, host=host, policy=policy, role="policy", family=policy.template.family,
            profile="server",
        )  # fmt: skip
        completed_scan(host, policy.template, statuses=statuses, stream=stream, policy=policy)
        stream.refresh_from_db()
        return stream

    return scan


def a_day(policy: Policy, days_ago: int, **fields) -> DailyScore:
    values = {"hosts": 1, "average": 70.0, "minimum": 60.0, "maximum": 80.0, "computed_at": NOON} | fields
    day = timezone.now().astimezone(UTC).date() - timedelta(days=days_ago)
    return DailyScore.objects.create(organization=policy.organization, policy=policy, day=day, zone="UTC", **values)


@pytest.mark.parametrize("path", SECTIONS)
def test_section_costs_at_most_twelve_queries_however_many_rows(
    path, signed_in, organization, policy, django_assert_max_num_queries
):
    def more(number):
        for _ in range(number):
            host = a_standing(HostFactory(organization=organization), 50.0).host
            host.groups.add(HostGroupFactory(organization=organization))
            CheckTallyFactory(organization=organization)

    for days_ago in range(3):
        a_day(policy, days_ago)
    more(2)
    signed_in.get(path)
    cache.clear()
    with django_assert_max_num_queries(12) as few:
        assert signed_in.get(path).status_code == 200
    more(15)
    cache.clear()
    with django_assert_max_num_queries(len(few)):
        assert signed_in.get(path).status_code == 200


@pytest.mark.parametrize("path", SECTIONS)
def test_section_of_nothing_says_so(path, signed_in, organization):
    assert signed_in.get(path).status_code == 200


@pytest.mark.parametrize("path", SECTIONS)
def test_section_spans_the_organizations_in_reach(path, client, superuser, organization, policy):
    OrganizationFactory()
    client.force_login(superuser)
    assert client.get(path).status_code == 200


def test_trend_takes_its_range_from_the_address_and_gaps_stay_gaps(signed_in, policy):
    a_day(policy, 0, average=75.0)
    a_day(policy, 20, average=65.0)
    week = signed_in.get("/compliance/reports/", {"days": "7"}).context
    assert (week["days"], len(week["chart"]), week["trend"].average) == (7, 7, 75.0)
    month = signed_in.get("/compliance/reports/", {"days": "30"}).context
    assert (len(month["chart"]), month["trend"].average) == (30, 70.0)
    assert sum(day["avg"] is None for day in month["chart"]) == 28
    assert signed_in.get("/compliance/reports/", {"days": "31"}).context["days"] == 30


def test_score_changes_add_up_to_what_is_shown(signed_in, organization, policy):
    a_day(policy, 10, posture_sum=140.0, posture_hosts=2)
    today = timezone.now().astimezone(UTC).date()
    for number in range(25):
        Movement.objects.create(
            organization=organization, policy=policy, day=today, cause="check", check_id=f"linux_check_{number}",
            points=-1.0 - number / 10, hosts=0, changes=1,
        )  # fmt: skip
    context = signed_in.get("/compliance/reports/score-changes/").context
    change, rows = context["change"], context["rows"]
    assert change.before == 70.0
    assert len(rows) == 21
    assert rows[-1].title == "5 smaller changes"
    assert sum(row.points for row in rows) == pytest.approx(change.after - change.before)
    assert rows[0].url == "/compliance/hosts/?check=linux_check_24"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from": "yesterday"}, "from"), ({"to": "2999-01-01"}, "to"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "from"),
        ({"policy": "987654321"}, "policy"), ({"host": "x"}, "host"),
    ],
)  # fmt: skip
def test_score_changes_name_the_field_that_is_wrong(signed_in, policy, asked, field):
    answer = signed_in.get("/compliance/reports/score-changes/", asked)
    assert answer.status_code == 200
    assert list(answer.context["errors"]) == [field]
    assert answer.context["errors"][field] in answer.content.decode().replace("&#x27;", "'")


def test_hosts_for_the_select_are_searched(signed_in, organization, other_organization):
    HostFactory(organization=organization, hostname="web-1.example.com")
    HostFactory(organization=other_organization, hostname="web-2.example.com")
    page = signed_in.get("/compliance/reports/hosts/", {"q": "web"}).content.decode()
    assert "web-1" in page
    assert "web-2" not in page


def test_report_lists_are_filtered_sorted_and_link_on(signed_in, organization, policy):
    for name, score in (("a", 80.0), ("b", 80.5), ("c", 49.0)):
        a_standing(HostFactory(organization=organization, hostname=f"{name}.example.com"), score)
    CheckTallyFactory(organization=organization, check_id="linux_check_1", hosts=2, severity="high")
    CheckTallyFactory(organization=organization, check_id="linux_check_2", hosts=3, severity="low")

    def shown(**asked):
        return [row.hostname[0] for row in signed_in.get("/compliance/reports/compliance/", asked).context["page"]]

    assert shown() == ["a", "b", "c"]
    assert shown(order="-score") == ["b", "a", "c"]
    assert (shown(show="above_80"), shown(show="below_50"), shown(q="b.example")) == (["b"], ["c"], ["b"])

    def checks(**asked):
        page = signed_in.get("/compliance/reports/compliance/", {"list": "checks"} | asked).context["page"]
        return [row["check_id"][-1] for row in page]

    assert checks() == ["2", "1"]
    assert checks(order="failing") == ["1", "2"]
    assert (checks(severity="high"), checks(q="rule 2")) == (["1"], ["2"])


# --- CSV --------------------------------------------------------------------------------------------------------------


def read(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"), newline="")))


def test_export_has_a_row_for_each_host_and_check(api, scanned):
    stream = scanned()
    scanned("db-1.example.com", ("pass",))
    answer = api.get("/api/v1/export.csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"].startswith('attachment; filename="compliance-')
    rows = read(answer)
    assert tuple(rows[0]) == COLUMNS
    assert [(row["host"][:2], row["check_id"][-1], row["status"]) for row in rows] == [
        *(("db", str(n), "pass") for n in range(5)),
        *(("we", str(n), status) for n, status in enumerate(("fail", "error", "waived", "pass", "skip"))),
    ]
    first = next(row for row in rows if row["host"].startswith("web"))
    assert (first["title"], first["severity"], first["scan_id"]) == ("Rule 0", "medium", str(stream.latest_id))
    assert first["scanned_at"] == NOON.isoformat(timespec="seconds")
    assert first["expected"] and first["actual"]


def test_export_is_filtered(api, scanned, organization):
    stream = scanned()
    other = scanned("db-1.example.com")
    group = HostGroupFactory(organization=organization)
    group.hosts.add(other.host)
    for asked, number in (
        ({"status": "fail"}, 2), ({"status": ["fail", "error"]}, 4), ({"status": "fail,error"}, 4),
        ({"severity": "critical"}, 0), ({"check": "linux_check_3"}, 2), ({"host": stream.host_id}, 5),
        ({"host_group": group.pk, "status": "fail"}, 1), ({"policy": stream.policy_id}, 10), ({"policy": 987654321}, 0),
    ):  # fmt: skip
        assert len(read(api.get("/api/v1/export.csv", asked))) == number, asked
    for asked, field in (({"status": "bad"}, "status"), ({"severity": "x"}, "severity"), ({"host": "x"}, "host")):
        refused = api.get("/api/v1/export.csv", asked)
        assert refused.status_code == 400
        assert list(refused.json()["errors"]) == [field]


def test_export_cannot_make_a_spreadsheet_calculate(api, scanned, organization):
    organization.name = "=cmd|' /C calc'!A0"
    organization.save()
    scanned("日本-1.example.com")
    rows = read(api.get("/api/v1/export.csv"))
    assert {row["organization"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert {row["host"] for row in rows} == {"日本-1.example.com"}


def test_export_leaves_out_what_is_by_hand_ended_or_another_tenants(api, scanned, other_organization, template):
    completed_scan(HostFactory(organization=other_organization), template)
    ended = scanned("old-1.example.com")
    Stream.objects.filter(pk=ended.pk).update(ended_at=NOON, counted_score=None)
    completed_scan(HostFactory(organization=ended.organization), template)
    assert read(api.get("/api/v1/export.csv")) == []


def test_page_exports_what_it_may_and_says_what_is_wrong(signed_in, client, scanned, organization):
    scanned()
    assert len(read(signed_in.get("/compliance/reports/export.csv", {"status": "fail"}))) == 1
    refused = signed_in.get("/compliance/reports/export.csv", {"status": "bad"}, follow=True)
    assert "Choose among fail" in refused.content.decode()
    client.force_login(member(organization))
    assert client.get("/compliance/reports/export.csv").status_code == 403


def test_memory_of_an_export_does_not_grow_with_the_fleet(scanned, organization):
    for number in range(60):
        scanned(f"web-{number:03}.example.com")
    own = Organization.objects.filter(pk=organization.pk)
    for _ in exported(own, Wanted()):
        pass
    tracemalloc.start()
    peaks = []
    for hosts in (20, 60):
        ids = Stream.objects.order_by("pk").values_list("host_id", flat=True)[:hosts]
        tracemalloc.reset_peak()
        for _ in (
            exported(own, Wanted(host_id=None))
            if hosts == 60
            else (row for pk in ids for row in exported(own, Wanted(host_id=pk)))
        ):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[1] < peaks[0] + 3_000_000


# --- Files ------------------------------------------------------------------------------------------------------------


def test_pdf_is_asked_for_made_and_taken(
    signed_in, admin, organization, policy, enqueued, django_capture_on_commit_callbacks
):
    a_standing(HostFactory(organization=organization), 77.0)
    with django_capture_on_commit_callbacks(execute=True):
        asked = signed_in.post("/compliance/reports/files/", follow=True)
    assert "is being made" in asked.content.decode()
    assert "every 2s" in signed_in.get("/compliance/reports/files/", headers={"hx-request": "true"}).content.decode()
    make_compliance_report(**enqueued[0][1])
    part = signed_in.get("/compliance/reports/files/", headers={"hx-request": "true"}).content.decode()
    sealed = SealedReport.objects.get()
    assert "every 2s" not in part
    assert sealed.sha256[:16] in part
    answer = signed_in.get(f"/compliance/reports/files/{sealed.report_id}/")
    assert answer.content == bytes(sealed.content)
    assert ReportRequest.objects.get().requested_by == admin


def test_a_pdf_of_the_organization_that_the_address_names_is_seen_there(client, superuser, organization, policy):
    OrganizationFactory()
    client.force_login(superuser)
    named = f"?organization={organization.pk}"
    files = f"/compliance/reports/files/{named}"
    text = client.get(f"/compliance/reports/compliance/{named}").content.decode()
    assert f'action="{files}"' in text and f'hx-get="{files}"' in text
    answer = client.post(files)
    assert answer["Location"] == f"/compliance/reports/compliance/{named}"
    assert f'hx-get="{files}"' in client.get(files, headers={"hx-request": "true"}).content.decode()
    assert client.post("/compliance/reports/files/")["Location"] == "/compliance/reports/compliance/"


def test_a_pdf_that_failed_says_why_on_the_page(signed_in, admin, organization):
    wish = compliance_reports.request_compliance_report(actor=admin, organization=organization, now=timezone.now())
    ReportRequest.objects.filter(pk=wish.pk).update(
        status="failed", ended_at=timezone.now(), reason="The PDF could not be made: it took more memory than allowed."
    )
    part = signed_in.get("/compliance/reports/files/").content.decode()
    assert "it took more memory than allowed" in part


def test_a_file_of_another_tenant_or_of_a_scan_is_not_here(signed_in, organization, other_organization, scanned, admin):
    now = datetime.now(UTC)
    theirs = compliance_reports.request_compliance_report(
        actor=member(other_organization, role="admin"), organization=other_organization, now=now
    )
    make_compliance_report(request_id=theirs.pk)
    scan = Scan.objects.select_related("host", "organization", "template", "snapshot", "results", "requested_by").get(
        pk=scanned().latest_id
    )
    scan_reports.make_report(scan=scan, name="json", actor=admin, now=now)
    for report in SealedReport.objects.all():
        assert signed_in.get(f"/compliance/reports/files/{report.report_id}/").status_code == 404
