from django.contrib import messages
from django.contrib.auth import update_session_auth_hash, views
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from organizations.permissions import in_reach_of
from organizations.services.users import change_password
from organizations.web.pages import SESSION_KEY


class LoginView(views.LoginView):
    """Sign in by username or e-mail address; whoever is signed in already goes on."""

    redirect_authenticated_user = True


class PasswordView(views.PasswordChangeView):
    """Choose a new password for oneself."""

    template_name = "organizations/password.html"
    success_url = "/"

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Change it through the service, stay signed in here and nowhere else."""
        change_password(actor=self.request.user, user=self.request.user, password=form.cleaned_data["new_password1"])
        update_session_auth_hash(self.request, self.request.user)
        messages.success(self.request, "Your password is changed; other sessions are signed out.")
        return redirect(self.success_url)


@require_POST
@login_required
def switch_organization(request: HttpRequest) -> HttpResponse:
    """Look at one organization from now on, or at all where none is named; then go back to where one was."""
    wanted = request.POST.get("organization", "")
    request.session.pop(SESSION_KEY, None)
    if wanted.isascii() and wanted.isdigit() and in_reach_of(request.user).filter(pk=int(wanted[:18])).exists():
        request.session[SESSION_KEY] = int(wanted)
    target = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else "/")
