"""The design gallery: every component and six whole pages with invented data, for people who build pages.

Mounted by config/urls.py under /design/ only while DEBUG is on; the browser tests mount it themselves.
"""

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse

from config.templatetags.plumbline_charts import Day

PAGES = ("gallery", "dashboard", "hosts", "host", "scan", "templates", "alerts")
FIRST_DAY = date(2026, 10, 22)

HOSTS: list[dict[str, object]] = [
    {
        "name": name,
        "address": address,
        "os": system,
        "group": group,
        "score": score,
        "failed": failed,
        "seen": seen,
        "state": state,
    }
    for name, address, system, group, score, failed, seen, state in (
        ("db-primary-01.prod.example.net", "10.20.4.11", "Debian 12", "Databases", 94.2, 14, "4 minutes ago", "online"),
        ("db-replica-02.prod.example.net", "10.20.4.12", "Debian 12", "Databases", 91.8, 20, "4 minutes ago", "online"),
        ("web-01.prod.example.net", "10.20.1.21", "Ubuntu 22.04", "Web", 88.3, 29, "11 minutes ago", "online"),
        ("web-02.prod.example.net", "10.20.1.22", "Ubuntu 22.04", "Web", 89.96, 25, "11 minutes ago", "online"),
        ("build-runner-07.ci.example.net", "10.30.9.7", "Debian 12", "Build", 61.4, 96, "26 minutes ago", "online"),
        ("legacy-erp.example.net", "10.20.8.3", "Rocky Linux 9", "Applications", 47.1, 131, "2 hours ago", "online"),
        ("mail-gw-01.dmz.example.net", "192.0.2.25", "Debian 12", "DMZ", 76.9, 57, "31 minutes ago", "online"),
        ("vpn-02.dmz.example.net", "192.0.2.31", "Debian 12", "DMZ", None, 0, "never", "unreachable"),
        ("jump-01.prod.example.net", "10.20.0.5", "Debian 12", "Access", 100.0, 0, "9 minutes ago", "online"),
        (
            "analytics-04.prod.example.net",
            "10.20.6.44",
            "Ubuntu 22.04",
            "Analytics",
            72.5,
            68,
            "48 minutes ago",
            "online",
        ),
    )
]

RESULTS: list[dict[str, str]] = [
    {"id": check, "title": title, "section": section, "status": status, "severity": level, "expected": expected, "actual": actual, "evidence": proof}
    for check, title, section, status, level, expected, actual, proof in (
        ("5.1.20", "The SSH server refuses root logins", "Access", "fail", "high", "permitrootlogin is no", "permitrootlogin is yes",
         "/etc/ssh/sshd_config.d/50-cloud-init.conf:3: PermitRootLogin yes"),
        ("5.1.22", "The SSH server limits sessions of one connection", "Access", "pass", "low", "maxsessions at most 10", "maxsessions is 10",
         "sshd -T: maxsessions 10"),
        ("5.4.1.1", "Passwords expire within a year", "Access", "waived", "medium", "PASS_MAX_DAYS at most 365", "PASS_MAX_DAYS is 99999",
         "/etc/login.defs:165: PASS_MAX_DAYS\t99999"),
        ("3.3.1.1", "The kernel does not forward IPv4 packets", "Network", "fail", "medium", "running value 0, and kept over a restart",
         "running value 1; nothing sets it persistently", "net.ipv4.ip_forward = 1"),
        ("3.3.1.8", "ICMP redirects are not accepted", "Network", "pass", "medium", "running value 0, and kept over a restart",
         "running value 0, set in /etc/sysctl.d/60-net.conf, line 4", "/etc/sysctl.d/60-net.conf:4: net.ipv4.conf.all.accept_redirects = 0"),
        ("4.1.1", "One firewall tool is in use", "Network", "error", "high", "exactly one of ufw, nftables, iptables is active",
         "could not be read: needs root", ""),
        ("6.3.1.1", "The audit daemon is installed", "Logging", "fail", "critical", "package auditd is installed", "not installed", "dpkg-query: no package auditd"),
        ("6.2.1.2", "The journal is kept over a restart", "Logging", "pass", "medium", "Storage is persistent", "Storage is persistent",
         "/etc/systemd/journald.conf.d/10-keep.conf:2: Storage=persistent"),
        ("2.1.20", "No graphical desktop on a server", "Services", "skip", "low", "package xserver-common is not installed", "profile is workstation", ""),
    )
]  # fmt: skip

TRENDS: list[Day] = [
    Day(
        date=FIRST_DAY + timedelta(days=n),
        avg=avg,
        min=avg and avg - 18 - n % 5,
        max=avg and min(100.0, avg + 9 + n % 3),
    )
    for n, avg in enumerate(
        [78.1, 78.4, 78.2, 79.0, 80.3, 80.1, None, 81.7, 82.0, 82.4, 81.9, 83.2, 84.0, 84.4, 84.1, 79.2, 79.5, 80.8]
        + [82.6, 83.9, 84.7, 85.0, 85.2, 86.1, 86.0, 86.6, 87.3, 87.1, 87.9, 88.4]
    )
]

NAVIGATION = [
    ("Dashboard", "dashboard", "dashboard", "", 0),
    ("Hosts", "hosts", "host", "Compliance", 0),
    ("Scans", "scan", "scan", "Compliance", 0),
    ("Templates", "templates", "template", "Compliance", 0),
    ("One host", "host", "terminal", "Compliance", 0),
    ("Alerts", "alerts", "alert", "Operations", 3),
    ("Components", "gallery", "book", "Operations", 0),
]


class ExampleForm(forms.Form):
    """A form with each kind of field, one of them wrong."""

    hostname = forms.CharField(
        initial="web-03.prod.example.net", help_text="Name or address under which the host is reached."
    )
    port = forms.IntegerField(initial=22, max_value=65535)
    system = forms.ChoiceField(
        label="Operating system", choices=[("linux", "Linux"), ("windows", "Windows"), ("bsd", "BSD")]
    )
    expires = forms.DateField(label="Expires on", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    pinned = forms.BooleanField(label="Refuse a host key that was not accepted by hand", required=False)


def example(request: HttpRequest, page: str) -> dict[str, object]:
    """Gather the invented data of every page; ``?empty`` shows lists without rows."""
    rows = [] if "empty" in request.GET else HOSTS * 13
    sections = list(dict.fromkeys(result["section"] for result in RESULTS))
    return {
        "nav_entries": [
            {"label": label, "url": f"../{url}/", "icon": symbol, "active": url == page, "group": group, "count": count}
            for label, url, symbol, group, count in NAVIGATION
        ],
        "my_organizations": [
            {"pk": 1, "name": "Northwind Hosting"},
            {"pk": 2, "name": "Contoso Retail"},
            {"pk": 3, "name": "Fabrikam"},
        ],
        "current_organization": {"pk": 1, "name": "Northwind Hosting"},
        "paused_organizations": [{"name": "Northwind Hosting"}] if page == "gallery" else [],
        "organization_switch_url": "",
        "page": Paginator(rows, int(request.GET.get("page_size", 10))).get_page(request.GET.get("page")),
        "hosts": HOSTS,
        "worst": sorted(
            (host for host in HOSTS if host["score"] is not None), key=lambda host: float(str(host["score"]))
        )[:5],
        "results": RESULTS,
        "sections": [
            {"name": name, "results": [result for result in RESULTS if result["section"] == name]} for name in sections
        ],
        "days": TRENDS,
        "frameworks": [
            {"label": "CIS Level 1", "value": 88.4, "url": "#"},
            {"label": "CIS Level 2", "value": 71.2, "url": "#"},
            {"label": "STIG", "value": 64.9, "url": "#"},
            {"label": "Payment baseline", "value": 92.7, "url": "#"},
        ],
        "failing": [
            {"label": result["title"], "value": 41 - 6 * n, "url": "#"} for n, result in enumerate(RESULTS[:5])
        ],
        "recent_scores": [81.0, 82.4, 82.1, None, 83.0, 79.2, 82.6, 85.1, 86.0, 88.4],
        "form": ExampleForm({"port": "70000", "hostname": "web-03.prod.example.net", "system": "linux"}),
        "order": "hostname",
        "part_url": reverse("gallery-part"),
        "options_url": reverse("gallery-options"),
    }


@staff_member_required(login_url="login")
def show(request: HttpRequest, page: str = "gallery") -> HttpResponse:
    """Render one page of the gallery."""
    if page not in PAGES:
        raise Http404(page)
    if page == "gallery":
        messages.success(request, "Scan of web-01.prod.example.net started.")
        messages.error(request, "legacy-erp.example.net could not be reached.")
    return render(request, f"design/{page}.html", example(request, page))


@staff_member_required(login_url="login")
def part(request: HttpRequest) -> HttpResponse:
    """Answer a part of a page, as htmx asks for it."""
    return render(request, "design/_part.html", {"hosts": HOSTS[:3]})


@staff_member_required(login_url="login")
def options(request: HttpRequest) -> HttpResponse:
    """Answer the hosts that match ``?q=``, as a combobox asks for them."""
    wanted = request.GET.get("q", "").lower()
    found = [host for host in HOSTS if wanted in str(host["name"])][:8]
    rows = [{"value": n, "label": host["name"], "note": host["address"]} for n, host in enumerate(found, 1)]
    return render(request, "_combobox_options.html", {"options": rows})


urlpatterns = [
    path("", show, name="gallery"),
    path("part/", part, name="gallery-part"),
    path("options/", options, name="gallery-options"),
    path("<slug:page>/", show, name="gallery-page"),
]
