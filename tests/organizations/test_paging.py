import pytest

from organizations.errors import Invalid
from organizations.models.organizations import Organization
from organizations.web.paging import page_of, wanted_page
from tests.factories.organizations import OrganizationFactory


@pytest.mark.parametrize("size", ["10", "25", "50", "100"])
def test_offered_sizes_are_taken(size):
    assert wanted_page({"page_size": size}) == (1, int(size))


@pytest.mark.parametrize("size", ["0", "-1", "26", "1000", "x", "", "25.0", "２５"])
def test_other_sizes_are_refused(size):
    with pytest.raises(Invalid) as refusal:
        wanted_page({"page_size": size})
    assert list(refusal.value.errors) == ["page_size"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5", "9" * 30, "²", "1e3"])
def test_pages_are_numbers_from_one(page):
    with pytest.raises(Invalid) as refusal:
        wanted_page({"page": page})
    assert list(refusal.value.errors) == ["page"]


def test_pages_of_a_list_do_not_overlap_and_past_the_end_is_empty(db, superuser, api):
    OrganizationFactory.create_batch(12)
    rows = Organization.objects.order_by("pk")
    first, second, past = (page_of(rows, {"page": str(n), "page_size": "10"}) for n in (1, 2, 3))
    assert len(first) == 10
    assert not set(first) & set(second)
    assert list(past) == []
    assert first.paginator.count == past.paginator.count == len(rows)


def test_api_list_is_an_array_with_its_total_beside_it(api, superuser):
    OrganizationFactory.create_batch(30)
    api.force_authenticate(superuser)
    answer = api.get("/api/v1/organizations/", {"page": 2})
    assert int(answer.headers["X-Total-Count"]) == Organization.objects.count()
    assert len(answer.json()) == Organization.objects.count() - 25


def test_ordering_by_what_is_not_listed_is_refused(api):
    answer = api.get("/api/v1/organizations/", {"ordering": "automation_paused_by__password"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["ordering"])
    assert api.get("/api/v1/organizations/", {"ordering": "-name"}).status_code == 200
