from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from cloudbench.models.accounts import CloudAccount
from organizations.models.organizations import validate_time_zone
from organizations.models.owned import Owned


class Schedule(Owned):
    """When an account is evaluated by itself. Times are those of ``time_zone``, also across daylight-saving changes."""

    scope_paths = ("account",)

    class Frequency(models.TextChoices):
        DAILY = "daily", "Daily"
        WEEKLY = "weekly", "Weekly"
        MONTHLY = "monthly", "Monthly"

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    account = models.ForeignKey(CloudAccount, models.PROTECT, related_name="schedules")
    benchmarks = models.JSONField(default=list, help_text="The slugs of the benchmarks to evaluate together.")
    frequency = models.CharField(max_length=10, choices=Frequency, default=Frequency.DAILY)
    weekday = models.PositiveSmallIntegerField(choices=Weekday, null=True, blank=True)
    day = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="29 to 31 mean the last day of a shorter month.",
    )  # fmt: skip
    time = models.TimeField()
    time_zone = models.CharField(max_length=60, default="UTC", validators=[validate_time_zone])
    alert_on_drop = models.BooleanField("alert on score drop", default=False)
    drop_points = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Alert when the score falls by more than so many points.",
    )  # fmt: skip
    enabled = models.BooleanField(default=True)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["account__name", "pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["next_at"], condition=Q(enabled=True), name="cloud_schedule_due")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(frequency="weekly") | Q(weekday__isnull=False), name="cloud_schedule_weekly_has_weekday"
            ),
            models.CheckConstraint(
                condition=~Q(frequency="monthly") | Q(day__isnull=False), name="cloud_schedule_monthly_has_day"
            ),
            models.CheckConstraint(
                condition=Q(drop_points__gte=1, drop_points__lte=100), name="cloud_schedule_drop_points_in_bounds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.get_frequency_display().lower()}"
