"""Status, severity, score, icon, sorting and paging marks, each the same wherever it stands."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from math import pi
from urllib.parse import quote

from django import template
from django.core.paginator import Page
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

PAGE_SIZES = (10, 25, 50, 100)

STATUS_ICONS = {
    "pass": "check",
    "fail": "cross",
    "error": "warning",
    "skip": "minus",
    "waived": "shield",
    "pending": "clock",
    "running": "running",
    "completed": "check",
    "failed": "cross",
    "cancelled": "ban",
    "pending_approval": "clock",
    "active": "check",
    "approved": "check",
    "rejected": "cross",
    "revoked": "ban",
    "expired": "clock",
    "draft": "edit",
    "published": "lock",
    "online": "check",
    "offline": "unplugged",
    "unreachable": "unplugged",
    "retired": "ban",
    "open": "alert",
    "acknowledged": "eye",
    "resolved": "check",
    "allowed": "check",
    "blocked": "ban",
    "released": "key",
    "unverified": "question",
    "exempt": "minus",
    "incomplete": "warning",
    "warning": "warning",
    "critical": "warning",
    "info": "info",
}
SEVERITY_BARS = {"critical": 4, "high": 3, "medium": 2, "low": 1}

ABBREVIATIONS = {word.lower(): word for word in (
    "ACL", "AIDE", "CIS", "CPU", "DNS", "FTP", "GDM", "GID", "GRUB", "HTTP", "HTTPS", "ID", "IMAP", "IP", "IPv4",
    "IPv6", "LDAP", "MAC", "NFS", "NTP", "PAM", "SELinux", "SGID", "SMB", "SMTP", "SNMP", "SSH", "SUID", "TCP", "TLS",
    "UDP", "UFW", "UID", "USB", "YAML",
)}  # fmt: skip
"""How abbreviations are spelled that stored codes hold in small letters."""


@register.simple_tag
def icon(name: str, extra_class: str = "") -> SafeString:
    """Draw one symbol of static/icons.svg, hidden from screen readers: the text beside it says the same."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        extra_class,
        static("icons.svg"),
        name,
    )


def words(value: str) -> str:
    """Turn a stored code into words: ``pending_approval`` becomes ``Pending approval``, ``pam`` becomes ``PAM``."""
    spelled = " ".join(ABBREVIATIONS.get(word, word) for word in value.replace("_", " ").split())
    return spelled[:1].upper() + spelled[1:]


@register.simple_tag
def badge(status: str, label: str = "") -> SafeString:
    """Show a status by icon, word and colour, so that none of the three is needed alone."""
    mark = icon(STATUS_ICONS[status]) if status in STATUS_ICONS else ""
    return format_html('<span class="badge badge-{}">{}{}</span>', status, mark, label or words(status))


@register.simple_tag
def severity(level: str) -> SafeString:
    """Show a severity as four bars, filled by rank, and its word."""
    filled = SEVERITY_BARS.get(level, 0)
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="3" height="{}" rx="1" class="{}"/>',
        ((n * 4, 9 - n * 3, 3 + n * 3, "on" if n < filled else "off") for n in range(4)),
    )
    return format_html(
        '<span class="severity severity-{}"><svg viewBox="0 0 15 12" aria-hidden="true">{}</svg>{}</span>',
        level,
        bars,
        words(level),
    )


@dataclass(frozen=True)
class ShownScore:
    """A score as people see it: ``text`` without percent sign, ``grade`` for the colour, ``width`` 0.0 to 100.0."""

    text: str
    grade: str
    width: float


def shown(score: float | None) -> ShownScore:
    """Prepare ``score``, 0.0 to 100.0 or None. Digits are cut off, not rounded up: 89.96 is not yet the green 90.0."""
    if score is None:
        return ShownScore("n/a", "none", 0.0)
    grade = "good" if score >= 90 else "warn" if score >= 70 else "bad"
    cut = Decimal(repr(float(score))).quantize(Decimal("0.1"), ROUND_FLOOR)
    return ShownScore("100" if score == 100 else str(cut), grade, min(max(float(score), 0.0), 100.0))


@register.inclusion_tag("_score_ring.html")
def score_ring(score: float | None, label: str = "Score", size: str = "") -> dict[str, object]:
    """Draw the score as a ring; ``size="small"`` for table rows and lists."""
    mark = shown(score)
    around = 2 * pi * 42
    return {
        "score": mark,
        "label": label,
        "size": size,
        "filled": f"{around * mark.width / 100:.2f}",
        "around": f"{around:.2f}",
    }


@register.inclusion_tag("_score.html")
def score_bar(score: float | None, label: str = "Score") -> dict[str, object]:
    """Draw the score as a short bar with its number; made for table cells."""
    return {"score": shown(score), "label": label, "width": f"{shown(score).width:.2f}"}


@register.filter
def score_text(score: float | None) -> str:
    """Write a score in text: ``87.4 %`` or ``n/a``."""
    return "n/a" if score is None else f"{shown(score).text} %"


@register.filter
def grouped(number: object) -> str:
    """Write a whole number with its thousands apart: ``38,874``; anything else as it is."""
    return f"{number:,}" if isinstance(number, int) else str(number)


@register.inclusion_tag("_mix.html")
def result_mix(
    passed: int = 0, failed: int = 0, errors: int = 0, waived: int = 0, skipped: int = 0
) -> dict[str, object]:
    """Draw how results divide, as one bar; the numbers stand beside it in text."""
    total = passed + failed + errors + waived + skipped
    parts, at = [], 0.0
    for name, count in (
        ("pass", passed),
        ("waived", waived),
        ("fail", failed),
        ("error", errors),
        ("skip", skipped),
    ):
        width = 100 * count / total if total else 0.0
        parts.append({"name": name, "x": f"{at:.2f}", "width": f"{width:.2f}"})
        at += width
    return {"parts": parts}


@register.inclusion_tag("_sort_header.html", takes_context=True)
def sort_header(context: Context, key: str, label: str, css: str = "", param: str = "order") -> dict[str, object]:
    """Make a column head that sorts by ``key``: first click ascending, second descending (``?order=-key``)."""
    query = context["request"].GET.copy()
    current = query.get(param) or str(context.get("order", ""))
    query.pop("page", None)
    query[param] = f"-{key}" if current == key else key
    state = {key: "ascending", f"-{key}": "descending"}.get(current, "none")
    return {"label": label, "css": css, "state": state, "url": f"?{query.urlencode()}"}


@register.inclusion_tag("_pager.html", takes_context=True)
def pager(context: Context, page: Page, what: str = "entries", target: str = "") -> dict[str, object]:
    """Show range, total, sizes and pages of ``page``; with ``target`` (a CSS selector) htmx swaps only that part."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {
        "request": context["request"],
        "page": page,
        "what": what,
        "target": target,
        "numbers": list(numbers),
        "ellipsis": page.paginator.ELLIPSIS,
        "sizes": PAGE_SIZES,
    }


@dataclass(frozen=True)
class SubjectPage:
    """Where a row is shown that an alert names by kind and id."""

    words: str
    icon: str
    url: str


SUBJECT_PAGES = {
    "host": SubjectPage("Open host", "host", "/compliance/hosts/{}/"),
    "scan": SubjectPage("Open scan", "scan", "/compliance/scans/{}/"),
    "cloud_run": SubjectPage("Open run", "cloud", "/cloud/runs/{}/"),
    "provisioned_vm": SubjectPage("Open VM", "gate", "/provisioning/vms/{}/"),
    "waiver": SubjectPage("Open exception", "exception", "/compliance/exceptions/?panel={}"),
}
"""An app that raises an alert lies above the one that shows it, so the pages are known here."""


@register.simple_tag
def subject_page(kind: str, subject_id: str) -> SubjectPage | None:
    """Return the page about the row of this kind and id, None for a kind that has none."""
    page = SUBJECT_PAGES.get(kind)
    return SubjectPage(page.words, page.icon, page.url.format(quote(subject_id, safe=""))) if page else None


@register.filter
def as_words(value: str) -> str:
    """Return a stored name as words: ``kernel_modules`` becomes ``Kernel modules``."""
    return words(value)


@register.filter
def at_key(found: dict[str, object] | None, key: str) -> object:
    """Return what ``found`` holds under ``key``, None when there is nothing."""
    return (found or {}).get(key)
