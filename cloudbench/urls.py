from django.urls import path

from cloudbench.views.accounts import AccountList, AccountPage, CreateAccount, EditAccount, RemoveAccount, TryAccount
from cloudbench.views.schedules import CreateSchedule, DeleteSchedule, EditSchedule, PauseSchedule, ScheduleList

app_name = "cloudbench"

urlpatterns = [
    path("cloud/", AccountList.as_view(), name="landing"),
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
