"""Pages of the packages we use: the schedule for the operator, the rest not at all."""

from axes.models import AccessAttempt
from django.contrib import admin
from django_celery_beat import models as beat

from organizations.web.admin import SuperuserAdmin

PACKAGES = ("auth", "django_celery_beat", "knox", "guardian", "axes")

for model in list(admin.site._registry):
    if model._meta.app_label in PACKAGES:
        admin.site.unregister(model)


@admin.register(beat.PeriodicTask)
class PeriodicTaskAdmin(SuperuserAdmin):
    """What the scheduler does and when it last did; the schedule itself is config/schedule.py."""

    list_display = ["name", "task", "enabled", "interval", "crontab", "last_run_at", "total_run_count"]
    list_select_related = ["interval", "crontab"]
    readonly_fields = ["name", "task", "interval", "crontab", "last_run_at", "total_run_count"]
    fields = ("enabled", "name", "task", "interval", "crontab", "last_run_at", "total_run_count")

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        """Refuse: jobs come with the product."""
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """Refuse: the next start would bring it back."""
        return False


@admin.register(AccessAttempt)
class AccessAttemptAdmin(SuperuserAdmin):
    """Logins that failed and count; deleting one lifts its lockout."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start"]
    search_fields = ["username", "ip_address"]
    fields = ["attempt_time", "username", "ip_address", "user_agent", "path_info", "failures_since_start"]
    readonly_fields = ["attempt_time", "username", "ip_address", "user_agent", "path_info", "failures_since_start"]

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        """Refuse."""
        return False
