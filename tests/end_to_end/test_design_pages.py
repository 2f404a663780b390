"""Every page of the design gallery in a real browser, under the product's own content policy."""

import pytest
from playwright.sync_api import expect

from config.gallery import PAGES
from tests.factories.organizations import PASSWORD, UserFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.end_to_end.design_urls"),
]


@pytest.fixture
def staff(transactional_db):
    return UserFactory(username="a.meyer", is_superuser=True, is_staff=True)


@pytest.fixture
def gallery(new_tab, staff):
    def open_page(page, **options):
        tab = new_tab(**options)
        tab.sign_in(staff)
        assert tab.open(f"/design/{page}/").status == 200
        assert tab.page.url.endswith(f"/design/{page}/")
        return tab

    return open_page


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
@pytest.mark.parametrize("page", PAGES)
def test_page_is_accessible_fits_and_breaks_no_policy(gallery, page, width, dark):
    tab = gallery(page, width=width, dark=dark)
    assert tab.faults() == []
    assert tab.overflow_px() == 0
    assert tab.complaints == []


def test_empty_list_says_what_to_do_next(gallery):
    tab = gallery("hosts")
    tab.open("/design/hosts/?empty")
    assert tab.page.get_by_role("link", name="Add host").count() == 2
    assert tab.faults() == []


def test_chosen_theme_outlives_the_page_and_passes_contrast(gallery):
    tab = gallery("dashboard")
    tab.page.locator(".sidebar-foot summary").click()
    tab.page.get_by_role("button", name="Dark").click()
    dark = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.open("/design/hosts/")
    assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == dark != "rgb(247, 248, 250)"
    assert tab.faults() == []


@pytest.mark.parametrize("scripts", [True, False])
def test_phone_navigation_opens_from_the_keyboard_with_and_without_scripts(gallery, scripts):
    tab = gallery("dashboard", width=390, scripts=scripts)
    link = tab.page.locator("#navigation a", has_text="Templates")
    assert not link.is_visible()
    tab.page.get_by_role("button", name="Navigation").press("Enter")
    assert link.is_visible()
    link.click()
    assert tab.page.url.endswith("/design/templates/")


def test_detail_panel_is_an_address_takes_the_focus_and_gives_it_back(gallery):
    tab = gallery("hosts")
    opener = tab.page.get_by_role("link", name="web-01.prod.example.net").first
    opener.click()
    panel = tab.page.locator("#drawer .drawer")
    panel.wait_for()
    assert tab.page.evaluate("document.activeElement.tagName") == "H2"
    assert tab.faults() == []
    assert "panel=" in tab.page.url
    tab.page.keyboard.press("Escape")
    assert panel.count() == 0
    assert "panel=" not in tab.page.url
    assert tab.page.evaluate("document.activeElement.textContent") == "web-01.prod.example.net"
    tab.open("/design/hosts/?panel=3")
    assert panel.is_visible()
    assert tab.complaints == []


def test_filter_narrows_rows_and_stands_in_the_address(gallery):
    tab = gallery("host")
    rows = tab.page.locator("[data-filter-row]:visible")
    assert rows.count() == 9
    tab.page.get_by_role("button", name="Failed").click()
    assert rows.count() == 3
    tab.page.get_by_placeholder("Check, title or value").fill("audit")
    assert rows.count() == 1
    assert "status=fail" in tab.page.url
    assert "q=audit" in tab.page.url
    tab.page.get_by_placeholder("Check, title or value").fill("no such check")
    assert tab.page.get_by_text("Nothing matches").is_visible()


def test_slash_goes_to_the_search_field(gallery):
    tab = gallery("hosts")
    tab.page.keyboard.press("/")
    assert tab.page.evaluate("document.activeElement.type") == "search"


@pytest.mark.parametrize("scripts", [True, False])
def test_dangerous_action_asks_first_with_and_without_scripts(gallery, scripts):
    tab = gallery("scan", scripts=scripts)
    question = tab.page.get_by_role("heading", name="Cancel this scan?")
    assert not question.is_visible()
    tab.page.get_by_role("link", name="Cancel scan").click()
    assert question.is_visible()
    if scripts:
        assert tab.faults() == []
        tab.page.keyboard.press("Escape")
    else:
        tab.page.locator("dialog [data-close]").click()
    assert not question.is_visible()


def test_failed_part_offers_retry_and_recovers(gallery):
    tab = gallery("dashboard")
    answers = [503]
    tab.page.route(
        "**/design/part/", lambda route: route.fulfill(status=answers.pop()) if answers else route.continue_()
    )
    tab.open("/design/gallery/")
    notice = tab.page.locator("#part .part-failed")
    assert "Could not load the example hosts" in notice.inner_text()
    assert tab.faults() == []
    notice.get_by_role("button", name="Retry").click()
    tab.page.locator("#part li").first.wait_for()
    assert notice.count() == 0
    assert [line for line in tab.complaints if "503" not in line] == []


def test_combobox_asks_the_server_and_keeps_the_value_apart_from_the_label(gallery):
    tab = gallery("gallery")
    box = tab.page.get_by_role("combobox", name="Host", exact=True)
    box.fill("mail")
    option = tab.page.get_by_role("option", name="mail-gw-01")
    option.wait_for()
    assert tab.faults() == []
    box.press("ArrowDown")
    box.press("Enter")
    assert box.input_value() == "mail-gw-01.dmz.example.net"
    assert tab.page.locator("#id_host").input_value() == "1"
    box.press("Backspace")
    assert tab.page.locator("#id_host").input_value() == ""


def test_success_toast_leaves_by_itself_and_error_stays_until_closed(gallery):
    tab = gallery("gallery")
    success, error = tab.page.locator(".toast-success"), tab.page.locator(".toast-error")
    assert success.count() == error.count() == 1
    success.wait_for(state="detached")
    error.get_by_role("button", name="Close message").click()
    assert error.count() == 0


def test_chart_shows_values_at_the_pointer_and_in_a_table(gallery):
    tab = gallery("dashboard")
    tab.page.locator(".chart .mark").last.hover()
    assert tab.page.locator(".chart-tooltip").inner_text().startswith("20 Nov\nAverage 88.4")
    tab.page.get_by_text("Show as a table").click()
    assert tab.page.locator(".chart-table tr", has_text="20 Nov").inner_text().split() == [
        "20",
        "Nov",
        "88.4",
        "66.4",
        "99.4",
    ]
    assert tab.faults() == []


def test_sort_and_page_size_are_addresses(gallery):
    tab = gallery("hosts")
    tab.page.get_by_role("link", name="Score").click()
    tab.page.wait_for_url("**/hosts/?order=score")
    tab.page.get_by_role("link", name="25", exact=True).click()
    tab.page.wait_for_url("**page_size=25*")
    expect(tab.page.locator("#host-list tbody tr")).to_have_count(25)
    assert "order=score" in tab.page.url


def test_printed_page_has_no_navigation(gallery):
    tab = gallery("host")
    tab.page.emulate_media(media="print")
    assert not tab.page.locator("#navigation").is_visible()
    assert not tab.page.locator(".filters").is_visible()
    assert tab.page.locator("#results").is_visible()


def test_gallery_is_for_staff_only(new_tab, staff):
    tab = new_tab()
    tab.open("/design/")
    assert "/accounts/login/" in tab.page.url


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_sign_in_refuses_in_words_and_then_lets_in(new_tab, staff, width, dark):
    tab = new_tab(width=width, dark=dark)
    tab.open("/accounts/login/?next=/design/dashboard/")
    assert tab.faults() == []
    tab.page.get_by_label("Username").fill("a.meyer")
    tab.page.get_by_label("Password").fill("wrong")
    tab.page.get_by_role("button", name="Sign in").click()
    assert "correct" in tab.page.get_by_role("alert").inner_text()
    assert tab.faults() == []
    tab.page.get_by_label("Username").fill("a.meyer")
    tab.page.get_by_label("Password").fill(PASSWORD)
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.wait_for_url("**/design/dashboard/")
    assert tab.complaints == []


def test_missing_page_is_ours(gallery):
    tab = gallery("dashboard")
    assert tab.open("/design/nowhere/").status == 404
    assert tab.page.get_by_role("heading", name="This page does not exist").is_visible()
    assert tab.faults() == []
