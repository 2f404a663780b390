from django.contrib.auth.views import LogoutView
from django.urls import path

from organizations.views.automation import ResumeAutomation
from organizations.views.reports import verify
from organizations.views.session import LoginView, PasswordView, switch_organization

urlpatterns = [
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password/", PasswordView.as_view(), name="password"),
    path("accounts/organization/", switch_organization, name="switch_organization"),
    path("accounts/automation/resume/", ResumeAutomation.as_view(), name="resume_automation"),
    path("verify/", verify, name="verify"),
]
