"""Django's admin in our dress: every registered page, under the product's own content policy."""

import json

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.factories.organizations import PASSWORD, OrganizationFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def operator(transactional_db):
    OrganizationFactory(name="Northwind Hosting")
    return UserFactory(username="a.meyer", is_superuser=True, is_staff=True)


@pytest.fixture
def admin_tab(new_tab, operator):
    def open_page(path, **options):
        tab = new_tab(**options)
        tab.sign_in(operator)
        assert tab.open(path).status == 200
        return tab

    return open_page


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (390, False)])
def test_index_shows_every_app_in_our_shell(admin_tab, width, dark):
    tab = admin_tab(reverse("admin:index"), width=width, dark=dark)
    assert tab.page.get_by_role("heading", name="Configuration").is_visible()
    assert tab.faults() == []
    assert tab.overflow_px() == 0
    assert not tab.complaints, tab.complaints


@pytest.mark.parametrize("width", [1440, 390])
def test_every_list_and_form_breaks_no_policy_and_is_accessible(admin_tab, rf, operator, width):
    tab = admin_tab(reverse("admin:index"), width=width)
    tab.page.set_viewport_size({"width": width, "height": 1600})  # axe takes what the window's edge cuts for small
    request = rf.get("/")
    request.user = operator
    found = {}
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        paths = [reverse(f"{name}_changelist")]
        if model_admin.has_add_permission(request):
            paths += [reverse(f"{name}_add"), reverse(f"{name}_add") + "?_popup=1"]
        row = model_admin.get_queryset(request).first()
        if row is not None:
            paths += [reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history")]
            if model_admin.has_delete_permission(request, row):
                paths.append(reverse(f"{name}_delete", args=[row.pk]))
        for place, path in enumerate(paths):
            tab.complaints.clear()
            status = tab.open(path).status
            looked_at = width == 1440 or place == 0  # narrow, one page of each model
            inaccessible = tab.faults() if looked_at else []
            wrong = [*([] if status == 200 else [f"status {status}"]), *inaccessible, *tab.complaints]
            if tab.overflow_px():
                wrong.append(f"{tab.overflow_px()} px too wide")
            if wrong:
                found[path] = wrong
    assert not found, json.dumps(found, indent=1)


def test_sidebar_filter_narrows_models_and_the_bar_can_be_hidden(admin_tab):
    tab = admin_tab(reverse("admin:index"))
    links = tab.page.locator("#nav-sidebar th a:visible")
    everything = links.count()
    tab.page.locator("#nav-filter").fill(links.first.inner_text())
    assert 0 < links.count() < everything
    tab.page.locator("#nav-filter").fill("")
    model = links.first
    model.click()
    tab.page.locator("#toggle-nav-sidebar").click()
    assert not tab.page.locator("#nav-sidebar").is_visible()
    tab.page.reload()
    assert not tab.page.locator("#nav-sidebar").is_visible()
    tab.page.locator("#toggle-nav-sidebar").click()
    assert tab.page.locator("#nav-sidebar").is_visible()


def test_admin_login_is_the_products(new_tab, operator):
    tab = new_tab()
    tab.open(reverse("admin:index"))
    tab.page.get_by_label("Username").fill("a.meyer")
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.get_by_role("heading", name="Configuration").wait_for()
    assert not tab.complaints, tab.complaints


def test_password_page_wears_the_shell(admin_tab):
    tab = admin_tab(reverse("admin:password_change"))
    assert tab.page.locator(".sidebar-foot .menu").is_visible()
    assert tab.faults() == []
    assert not tab.complaints, tab.complaints
