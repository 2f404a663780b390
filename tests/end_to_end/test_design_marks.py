"""The marks that need arithmetic, and what no template may contain."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template

from config.templatetags.plumbline_charts import Day, line_chart, path, score_axis
from config.templatetags.plumbline_ui import STATUS_ICONS, as_words, badge, severity, shown

ROOT = Path(__file__).parent.parent.parent
STATIC = ROOT / "config" / "static"
TEMPLATES = [
    template
    for app in ("config", "organizations", "itsm", "templates_app", "compliance", "remediation", "cloudbench")
    for template in sorted((ROOT / app / "templates").rglob("*.html"))
    if template.parent.name != "report"  # a report is a file of its own, with a policy of its own
]
FORBIDDEN = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)"),
    "an event attribute": re.compile(r"\son[a-z]+\s*=|\shx-on"),
    "another site's file": re.compile(r"""(?:src|href)=["'](?:https?:)?//"""),
}


def render(source, **context):
    return Template("{% load plumbline_ui plumbline_charts %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("score", "text", "grade"),
    [
        (None, "n/a", "none"),
        (0.0, "0.0", "bad"),
        (69.99, "69.9", "bad"),
        (70.0, "70.0", "warn"),
        (89.96, "89.9", "warn"),
        (90.0, "90.0", "good"),
        (99.99, "99.9", "good"),
        (100.0, "100", "good"),
        (200 / 3, "66.6", "bad"),
    ],
)
def test_score_is_cut_off_and_never_shown_above_its_grade(score, text, grade):
    assert (shown(score).text, shown(score).grade) == (text, grade)


def test_bar_and_ring_tell_the_score_to_screen_readers():
    assert 'aria-label="Score: 72.5 percent"' in render("{% score_bar 72.5 %}")
    assert 'aria-label="Score of web: n/a"' in render('{% score_ring None "Score of web" %}')


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("kernel_modules", "Kernel modules"), ("pam", "PAM"), ("ssh", "SSH"), ("network_ipv6", "Network IPv6"),
        ("suid_files", "SUID files"), ("Web Servers", "Web Servers"), ("", ""),
    ],
)  # fmt: skip
def test_stored_names_are_shown_as_words_and_abbreviations_as_they_are_spelled(stored, text):
    assert as_words(stored) == text


def test_badge_escapes_what_it_does_not_know():
    assert "<script>" not in badge("<script>alert(1)</script>", '"><script>')


@pytest.mark.parametrize(
    ("level", "bars"), [("critical", 4), ("high", 3), ("medium", 2), ("low", 1), ("unheard of", 0)]
)
def test_severity_fills_bars_by_rank(level, bars):
    assert severity(level).count('class="on"') == bars


def test_result_mix_fills_the_width_whatever_is_left_out():
    widths = [float(width) for width in re.findall(r' width="([\d.]+)"', render("{% result_mix passed=1 failed=2 %}"))]
    assert sum(widths) == pytest.approx(100, abs=0.05)
    assert 'width="0.00"' in render("{% result_mix %}")


def test_day_without_scans_is_a_gap_and_not_zero():
    assert path([(0, 1), None, (2, 3), (4, 5)]) == "M0 1 h0 M2 3 L4 5"  # round ends make a dot of what has no length
    days = [Day(date=date(2026, 11, n), avg=avg) for n, avg in ((1, 80.0), (2, None), (3, 90.0))]
    chart = line_chart(days, "Score")
    assert chart["line"].count("M") == 2
    assert [mark["avg"] for mark in chart["marks"]] == ["80.0", "n/a", "90.0"]
    assert [mark["label"] for mark in chart["drawn"]] == ["1 Nov", "3 Nov"]


@pytest.mark.parametrize("lowest", [0.0, 0.1, 19.9, 20.0, 47.1, 59.9, 60.0, 79.9, 80.0, 99.5, 100.0])
def test_axis_holds_every_score_and_stays_within_the_drawing(lowest):
    axis = score_axis(lowest)
    assert axis.low <= lowest
    assert axis.ticks[0] == axis.low
    assert axis.ticks[-1] == 100
    assert axis.y(100) < axis.y(lowest) or lowest == 100


def test_chart_without_any_score_says_so():
    assert "No score in this period yet." in render('{% line_chart days "Score" %}', days=[Day(date="1 Nov", avg=None)])
    assert "No score in this period yet." in render('{% line_chart days "Score" %}', days=[])


def test_sort_header_turns_round_keeps_filters_and_leaves_the_page(rf):
    source = '{% sort_header "score" "Score" %}'
    request = rf.get("/", {"q": "web", "page": "3"})
    assert 'href="?q=web&amp;order=score"' in render(source, request=request)
    request = rf.get("/", {"order": "score"})
    assert 'href="?order=-score"' in render(source, request=request)
    assert 'aria-sort="ascending"' in render(source, request=request)
    assert 'aria-sort="descending"' in render(source, request=rf.get("/"), order="-score")


def test_pager_shows_range_and_total_and_keeps_filters(rf):
    page = Paginator(range(95), 10).get_page(2)
    html = render('{% pager page "hosts" %}', page=page, request=rf.get("/", {"q": "web", "page": "2"}))
    assert "11–20 of 95 hosts" in html
    assert 'href="?q=web&amp;page=3"' in html
    assert 'href="?q=web&amp;page_size=25"' in html


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: str(template.relative_to(ROOT)))
def test_template_keeps_the_content_policy(template):
    text = re.sub(
        r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|\{%.*?%\}", "", template.read_text(), flags=re.DOTALL
    )
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: str(template.relative_to(ROOT)))
def test_a_list_that_filters_by_htmx_offers_retry_when_that_fails(template):
    for form in re.findall(r'<form class="filters"[^>]*hx-get[^>]*>', template.read_text()):
        assert 'data-part="' in form
        assert re.search(r'hx-trigger="[^"]*, retry"', form)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: str(template.relative_to(ROOT)))
def test_template_names_icons_that_exist(template):
    icons = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    used = set(re.findall(r'{% icon "([^"]+)"', template.read_text()))
    used |= set(re.findall(r'icon_name="([^"]+)"', template.read_text()))
    assert used <= icons
    assert set(STATUS_ICONS.values()) <= icons


def test_styles_and_scripts_load_nothing_from_elsewhere():
    for file in [*STATIC.glob("*.css"), *STATIC.glob("js/*.js")]:
        if file.name != "htmx.min.js":
            assert "http" not in file.read_text(), file.name
            assert "@import" not in file.read_text(), file.name
