from django.urls import path, register_converter

from cloudbench.reports.formats import FORMATS
from cloudbench.views.accounts import AccountList, AccountPage, CreateAccount, EditAccount, RemoveAccount, TryAccount
from cloudbench.views.benchmarks import BenchmarkList, RunNow
from cloudbench.views.compare import ComparePage
from cloudbench.views.crosswalk import CrosswalkPage, CrosswalkResources
from cloudbench.views.custom_controls import (
    CreateCustomControl,
    CustomControlList,
    CustomControlPage,
    DeleteCustomControl,
    EditCustomControl,
    SwitchCustomControl,
)
from cloudbench.views.history import CompareChosen, RunHistory
from cloudbench.views.queries import QueryPage, QueryTables
from cloudbench.views.runs import CancelRun, ControlPage, DecidedControls, RunPage, RunProgress, RunReportFile
from cloudbench.views.schedules import CreateSchedule, DeleteSchedule, EditSchedule, PauseSchedule, ScheduleList

app_name = "cloudbench"


class RunFormatConverter:
    """The name of a report format of runs."""

    regex = "|".join(FORMATS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(RunFormatConverter, "run_format")

urlpatterns = [
    path("cloud/", BenchmarkList.as_view(), name="benchmarks"),
    path("cloud/run/", RunNow.as_view(), name="run_now"),
    path("cloud/runs/<int:pk>/", RunPage.as_view(), name="run"),
    path("cloud/runs/<int:pk>/progress/", RunProgress.as_view(), name="run_progress"),
    path("cloud/runs/<int:pk>/decided/", DecidedControls.as_view(), name="decided_controls"),
    path("cloud/runs/<int:pk>/controls/<str:control>/", ControlPage.as_view(), name="control"),
    path("cloud/runs/<int:pk>/cancel/", CancelRun.as_view(), name="cancel_run"),
    path("cloud/runs/<int:pk>/report/<run_format:name>/", RunReportFile.as_view(), name="run_report"),
    path("cloud/history/", RunHistory.as_view(), name="history"),
    path("cloud/history/compare/", CompareChosen.as_view(), name="compare_chosen"),
    path("cloud/compare/", ComparePage.as_view(), name="compare"),
    path("cloud/crosswalk/", CrosswalkPage.as_view(), name="crosswalk"),
    path("cloud/crosswalk/<int:pk>/<slug:check>/", CrosswalkResources.as_view(), name="crosswalk_check"),
    path("cloud/queries/", QueryPage.as_view(), name="queries"),
    path("cloud/queries/tables/", QueryTables.as_view(), name="query_tables"),
    path("cloud/queries/controls/", CustomControlList.as_view(), name="custom_controls"),
    path("cloud/queries/controls/new/", CreateCustomControl.as_view(), name="create_custom_control"),
    path("cloud/queries/controls/<int:pk>/", CustomControlPage.as_view(), name="custom_control"),
    path("cloud/queries/controls/<int:pk>/edit/", EditCustomControl.as_view(), name="edit_custom_control"),
    path("cloud/queries/controls/<int:pk>/enable/", SwitchCustomControl.as_view(enabled=True), name="enable_control"),
    path("cloud/queries/controls/<int:pk>/disable/", SwitchCustomControl.as_view(), name="disable_control"),
    path("cloud/queries/controls/<int:pk>/delete/", DeleteCustomControl.as_view(), name="delete_custom_control"),
    path("cloud/accounts/", AccountList.as_view(), name="accounts"),
    path("cloud/accounts/new/", CreateAccount.as_view(), name="create_account"),
    path("cloud/accounts/<int:pk>/", AccountPage.as_view(), name="account"),
    path("cloud/accounts/<int:pk>/edit/", EditAccount.as_view(), name="edit_account"),
    path("cloud/accounts/<int:pk>/remove/", RemoveAccount.as_view(), name="remove_account"),
    path("cloud/accounts/<int:pk>/test/", TryAccount.as_view(), name="test_account"),
    path("cloud/schedules/", ScheduleList.as_view(), name="schedules"),
    path("cloud/schedules/new/", CreateSchedule.as_view(), name="create_schedule"),
    path("cloud/schedules/<int:pk>/edit/", EditSchedule.as_view(), name="edit_schedule"),
    path("cloud/schedules/<int:pk>/pause/", PauseSchedule.as_view(), name="pause_schedule"),
    path("cloud/schedules/<int:pk>/resume/", PauseSchedule.as_view(enabled=True), name="resume_schedule"),
    path("cloud/schedules/<int:pk>/delete/", DeleteSchedule.as_view(), name="delete_schedule"),
]
