"""The tab History: filters, days, order, the choice of two runs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cloudbench.models import Run
from cloudbench.views import history
from tests.factories.cloudbench import BenchmarkFactory, CloudAccountFactory, RunFactory, completed_run
from tests.factories.organizations import OrganizationFactory, member

pytestmark = pytest.mark.django_db
HISTORY = "/cloud/history/"


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def account(organization):
    return CloudAccountFactory(organization=organization, name="Production")


@pytest.fixture
def benchmark(db):
    return BenchmarkFactory(slug="alpha", title="Benchmark alpha")


@pytest.fixture
def runs(organization, account, benchmark):
    """A completed one, a failed one of another account, and one that was asked for 100 days ago."""
    other = CloudAccountFactory(organization=organization, name="Laboratory")
    made = [
        completed_run(account=account, benchmark=benchmark, score=80.0),
        RunFactory(account=other, status="failed", error="AWS did not let us in."),
        completed_run(account=account, benchmark=benchmark, score=20.0),
    ]
    Run.objects.filter(pk=made[2].pk).update(created_at=timezone.now() - timedelta(days=100))
    return made


def shown(client, query=""):
    response = client.get(f"{HISTORY}?{query}")
    assert response.status_code == 200, response.content
    return [run.pk for run in response.context["page"]]


def test_it_begins_ninety_days_ago_and_says_how_long_detail_is_kept(signed_in, runs):
    assert shown(signed_in) == [runs[1].pk, runs[0].pk]
    page = signed_in.get(HISTORY).content.decode()
    first = (timezone.now() - timedelta(days=90)).date().isoformat()
    assert f'name="from" id="run-from" value="{first}"' in page
    assert "kept for 90 days" in page and "AWS did not let us in." in page


def test_it_narrows_and_orders(signed_in, runs, account):
    long_ago = (timezone.now() - timedelta(days=120)).date().isoformat()
    assert shown(signed_in, f"from={long_ago}") == [runs[1].pk, runs[0].pk, runs[2].pk]
    assert shown(signed_in, f"from={long_ago}&order=score") == [runs[2].pk, runs[0].pk, runs[1].pk]
    assert shown(signed_in, f"from={long_ago}&to={long_ago}") == []
    assert shown(signed_in, f"account={account.pk}") == [runs[0].pk]
    assert shown(signed_in, "benchmark=alpha") == [runs[0].pk]
    assert shown(signed_in, "status=failed") == [runs[1].pk]
    assert shown(signed_in, "status=none&account=x&order=none") == [runs[1].pk, runs[0].pk]
    assert "No run matches" in signed_in.get(f"{HISTORY}?benchmark=gamma").content.decode()
    assert signed_in.get(f"{HISTORY}?from=2026-13-45").status_code == 400


def test_an_empty_history_leads_to_the_benchmarks(signed_in):
    assert "No run in the last 90 days" in signed_in.get(HISTORY).content.decode()


def test_runs_under_way_are_asked_for_again(signed_in, account):
    assert "every 3s" not in signed_in.get(HISTORY).content.decode()
    RunFactory(account=account, status="running")
    assert "every 3s" in signed_in.get(HISTORY).content.decode()


def test_another_tenants_runs_are_not_there(signed_in, runs):
    stranger = completed_run(account=CloudAccountFactory(organization=OrganizationFactory()))
    assert stranger.pk not in shown(signed_in)


def test_two_ticked_runs_lead_to_their_comparison_the_older_first(signed_in, runs, monkeypatch):
    monkeypatch.setattr(history, "compare_url", lambda: "/cloud/compare/")
    assert 'name="run"' in signed_in.get(HISTORY).content.decode()
    path = f"{HISTORY}compare/"
    answer = signed_in.post(path, {"run": [runs[2].pk, runs[0].pk]})
    assert answer.headers["Location"] == f"/cloud/compare/?runs={runs[0].pk},{runs[2].pk}"
    stranger = completed_run(account=CloudAccountFactory(organization=OrganizationFactory()))
    for wrong in ([], [runs[0].pk], [runs[0].pk, stranger.pk], ["x", "9" * 30], [run.pk for run in runs]):
        said = signed_in.post(path, {"run": wrong}, follow=True).content.decode()
        assert "Tick two completed runs to compare." in said


def test_nothing_is_offered_for_comparison_where_no_page_compares(signed_in, runs, monkeypatch):
    monkeypatch.setattr(history, "compare_url", lambda: None)
    assert 'name="run"' not in signed_in.get(HISTORY).content.decode()


def test_a_member_without_permission_sees_nothing(client, organization):
    client.force_login(member(organization))
    assert client.get(HISTORY).status_code == 403


def test_many_runs_cost_as_many_queries_as_few(signed_in, account, django_assert_max_num_queries):
    for _ in range(20):
        completed_run(account=account)
    signed_in.get(HISTORY)
    with django_assert_max_num_queries(12):
        assert len(shown(signed_in)) == 20
