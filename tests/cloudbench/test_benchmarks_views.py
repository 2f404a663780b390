"""The landing page of Cloud, and the button that runs benchmarks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cloudbench.models import Run
from organizations import permissions
from tests.factories.cloudbench import BenchmarkFactory, CloudAccountFactory, RunFactory, a_document, completed_run
from tests.factories.organizations import member

pytestmark = pytest.mark.django_db
CLOUD, RUN = "/cloud/", "/cloud/run/"


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def account(organization):
    return CloudAccountFactory(organization=organization, name="Production")


@pytest.fixture
def benchmarks(db):
    return [
        BenchmarkFactory(slug=slug, title=f"Benchmark {slug}", document=a_document("s3_bucket_versioning", slug=slug))
        for slug in ("alpha", "beta")
    ]


def text_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, response.content
    return response.content.decode()


def said_after(client, **values):
    response = client.post(RUN, values, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_without_benchmark_account_or_run_it_says_what_to_do(signed_in, organization):
    assert "load_content" in text_of(signed_in, CLOUD)
    BenchmarkFactory()
    assert 'href="/cloud/accounts/new/"' in text_of(signed_in, CLOUD)
    CloudAccountFactory(organization=organization)
    assert "Not run on this account yet." in text_of(signed_in, CLOUD)


def test_who_may_not_configure_is_sent_to_an_admin(client, organization, benchmarks):
    client.force_login(member(organization, "view_compliance"))
    page = text_of(client, CLOUD)
    assert "An admin of your organization can connect one." in page and "Connect account" not in page


def test_the_only_account_is_chosen_and_each_benchmark_shows_its_last_completed_run(signed_in, account, benchmarks):
    completed_run(account=account, benchmark=benchmarks[0], score=40.0)
    last = completed_run(account=account, benchmark=benchmarks[0], score=62.5, trend=22.5)
    earlier = last.finished_at - timedelta(days=1)
    completed_run(account=account, benchmark=benchmarks[0], score=50.0, finished_at=earlier)
    RunFactory(account=account, benchmark=benchmarks[0], status="failed", error="No.")
    page = text_of(signed_in, CLOUD)
    assert "Score: 62.5 percent" in page and "Score: 40.0 percent" not in page
    assert "+22.5" in page and f'href="/cloud/runs/{last.pk}/"' in page
    assert "2 controls: 1 automated, 1 manual. yearly." in page
    assert "Example Institute · 1.0.0 · 1 Nov 2026" in page
    assert page.count("Not run on this account yet.") == 1


def test_scores_of_several_runs_are_drawn(signed_in, account, benchmarks):
    for days in (100, 20, 10):
        ended = timezone.now() - timedelta(days=days)
        completed_run(account=account, benchmark=benchmarks[0], score=90.0 - days, finished_at=ended)
    page = signed_in.get(CLOUD)
    assert page.context["scores"] == {"alpha": [70.0, 80.0]}
    assert "Scores of 2 runs in 90 days" in page.content.decode()


def test_several_accounts_stand_side_by_side_the_lowest_score_first(signed_in, organization, account, benchmarks):
    completed_run(account=account, benchmark=benchmarks[0], score=90.0)
    low = CloudAccountFactory(organization=organization, name="Laboratory")
    completed_run(account=low, benchmark=benchmarks[0], score=10.0)
    for _ in range(6):
        completed_run(account=CloudAccountFactory(organization=organization), benchmark=benchmarks[1], score=50.0)
    page = signed_in.get(CLOUD)
    first, second = page.context["cards"]
    assert [line.account.name for line in first.lines] == ["Laboratory", "Production"]
    assert (first.never, len(second.lines), second.more, second.never) == (6, 5, 1, 2)
    assert "1 more account" in page.content.decode()
    one = signed_in.get(f"{CLOUD}?account={low.pk}")
    assert [line.run and line.run.score for card in one.context["cards"] for line in card.lines] == [10.0, None]


@pytest.mark.parametrize("wanted", ["x", "999999", "9" * 30, "-1"])
def test_an_account_that_is_none_means_all(signed_in, organization, account, benchmarks, wanted):
    CloudAccountFactory(organization=organization)
    assert signed_in.get(f"{CLOUD}?account={wanted}").context["account"] is None


def test_a_newer_revision_keeps_the_results_of_the_older_one(signed_in, account, benchmarks):
    completed_run(account=account, benchmark=benchmarks[0], score=62.5)
    BenchmarkFactory(
        slug="alpha", revision=2, title="Benchmark alpha", sha256="2" * 64,
        document=a_document("s3_bucket_versioning", "iam_root_mfa", slug="alpha"),
    )  # fmt: skip
    page = text_of(signed_in, CLOUD)
    assert "3 controls: 2 automated" in page and "Score: 62.5 percent" in page


def test_what_is_under_way_is_followed(signed_in, account, benchmarks):
    run = RunFactory(account=account, benchmark=benchmarks[0], status="running", controls_total=9, controls_done=4)
    page = text_of(signed_in, CLOUD)
    assert "every 3s" in page and "4 of 9 controls" in page and f'href="/cloud/runs/{run.pk}/"' in page
    Run.objects.filter(pk=run.pk).update(status="cancelled")
    assert "every 3s" not in text_of(signed_in, CLOUD)


def test_one_benchmark_leads_to_its_run_several_share_a_collection(signed_in, account, benchmarks, enqueued):
    page = said_after(signed_in, account=account.pk, benchmarks="alpha")
    assert "Benchmark alpha is evaluated on Production." in page and "Waiting for a worker" in page
    Run.objects.update(status="cancelled")
    page = said_after(signed_in, account=account.pk, benchmarks=["alpha", "beta"])
    assert "2 benchmarks are evaluated on one collection of Production." in page
    assert Run.objects.filter(status="pending").values("snapshot").distinct().count() == 1


def test_what_cannot_be_run_is_said(signed_in, account, benchmarks):
    assert "Choose the account" in said_after(signed_in)
    assert "Name at least one benchmark" in said_after(signed_in, account=account.pk)
    assert "There is no benchmark" in said_after(signed_in, account=account.pk, benchmarks="gamma")
    assert signed_in.post(RUN, {"account": 999_999, "benchmarks": "alpha"}).status_code == 404
    account.removed_at = "2026-11-01T00:00:00Z"
    account.save()
    assert signed_in.post(RUN, {"account": account.pk, "benchmarks": "alpha"}).status_code == 404
    assert not Run.objects.exists()


def test_only_a_holder_of_the_permission_runs_and_only_what_it_holds_it_for(client, organization, account, benchmarks):
    other = CloudAccountFactory(organization=organization, name="Laboratory")
    user = member(organization, "view_compliance")
    permissions.grant(user, "manage_compliance", account)
    client.force_login(type(user).objects.get(pk=user.pk))
    page = client.get(CLOUD)
    assert [one.pk for one in page.context["run_accounts"]] == [account.pk]
    assert client.post(RUN, {"account": other.pk, "benchmarks": "alpha"}).status_code == 403
    assert client.post(RUN, {"account": account.pk, "benchmarks": "alpha"}).status_code == 302
    client.force_login(member(organization, "view_compliance"))
    assert "Run now" not in text_of(client, CLOUD)
    assert client.post(RUN, {"account": account.pk, "benchmarks": "alpha"}).status_code == 403


def test_many_accounts_cost_as_many_queries_as_one(
    signed_in, organization, account, benchmarks, django_assert_max_num_queries
):
    completed_run(account=account, benchmark=benchmarks[0])
    signed_in.get(CLOUD)
    for _ in range(10):
        one = CloudAccountFactory(organization=organization)
        for benchmark in benchmarks:
            completed_run(account=one, benchmark=benchmark)
            RunFactory(account=one, benchmark=benchmark, status="pending")
    with django_assert_max_num_queries(12):
        assert signed_in.get(CLOUD).status_code == 200
