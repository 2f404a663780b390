from django.urls import path, register_converter

from compliance.reports.formats import FORMATS
from compliance.views.dashboard import DashboardPage
from compliance.views.hosts import AcceptKey, HostList, HostPage, RetireHost, ScanHost, TryConnection
from compliance.views.scans import CancelScan, ResultPage, ScanList, ScanPage, ScanReportFile

app_name = "compliance"


class FormatConverter:
    """The name of a report format."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FormatConverter, "format")

urlpatterns = [
    path("", DashboardPage.as_view(), name="dashboard"),
    path("compliance/", DashboardPage.as_view(), name="overview"),
    path("compliance/hosts/", HostList.as_view(), name="hosts"),
    path("compliance/hosts/<int:pk>/", HostPage.as_view(), name="host"),
    path("compliance/hosts/<int:pk>/scan/", ScanHost.as_view(), name="scan_host"),
    path("compliance/hosts/<int:pk>/accept-key/", AcceptKey.as_view(), name="accept_key"),
    path("compliance/hosts/<int:pk>/retire/", RetireHost.as_view(), name="retire_host"),
    path("compliance/hosts/<int:pk>/test-connection/", TryConnection.as_view(), name="test_connection"),
    path("compliance/scans/", ScanList.as_view(), name="scans"),
    path("compliance/scans/<int:pk>/", ScanPage.as_view(), name="scan"),
    path("compliance/scans/<int:pk>/checks/<slug:check_id>/", ResultPage.as_view(), name="result"),
    path("compliance/scans/<int:pk>/cancel/", CancelScan.as_view(), name="cancel_scan"),
    path("compliance/scans/<int:pk>/report/<format:name>/", ScanReportFile.as_view(), name="report"),
]
