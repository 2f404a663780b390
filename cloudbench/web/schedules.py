"""Schedules on pages: their form, and what they say in words."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet

from cloudbench.models import CloudAccount, Schedule
from organizations.errors import Invalid
from organizations.models.organizations import validate_time_zone

COLUMNS = {"account": "account__name", "next": "next_at", "last": "last_at", "state": "enabled"}
SEARCHED = ("account__name", "account__account_id", "organization__name")


class ScheduleForm(forms.Form):
    """When an account is evaluated, by which benchmarks, and whether to tell of a drop."""

    account = forms.ModelChoiceField(CloudAccount.objects.none(), empty_label=None)
    benchmarks = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one benchmark."},
        help_text="They share one collection: seven take little more time than one.",
    )  # fmt: skip
    frequency = forms.ChoiceField(choices=Schedule.Frequency, initial=Schedule.Frequency.DAILY)
    weekday = forms.TypedChoiceField(
        label="Day of the week", choices=Schedule.Weekday, coerce=int, required=False, empty_value=None
    )
    day = forms.IntegerField(
        label="Day of the month", min_value=1, max_value=31, required=False, initial=1,
        help_text="29 to 31 mean the last day of a shorter month.",
    )  # fmt: skip
    time = forms.TimeField(
        input_formats=["%H:%M", "%H:%M:%S"], initial="06:00",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Write a time such as 06:00."},
    )  # fmt: skip
    time_zone = forms.CharField(
        label="Time zone", max_length=60, validators=[validate_time_zone],
        help_text="Such as Europe/Berlin. The time is that of its clocks, also in summer.",
    )  # fmt: skip
    alert_on_drop = forms.BooleanField(label="Raise an alert when the score drops", required=False)
    drop_points = forms.IntegerField(
        label="By more than (points)", min_value=1, max_value=100, initial=10, help_text="From 1 to 100.",
    )  # fmt: skip
    enabled = forms.BooleanField(label="Enabled", required=False, initial=True)

    def __init__(
        self, *args: Any, accounts: QuerySet[CloudAccount], benchmarks: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        """Offer these accounts and benchmarks, [(slug, title)]."""
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = accounts
        self.fields["benchmarks"].choices = benchmarks

    def clean_time_zone(self) -> str:
        return self.cleaned_data["time_zone"].strip()

    def take(self, refusal: Invalid) -> None:
        """Show what a service refused beside the fields that it named."""
        for name, words in refusal.errors.items():
            self.add_error(name if name in self.fields else None, words)


def values_of(schedule: Schedule) -> dict[str, Any]:
    """Return what the form of ``schedule`` shows at first."""
    shown = {name: getattr(schedule, name) for name in ScheduleForm.base_fields if name != "account"}
    return shown | {"account": schedule.account_id}


def rhythm_of(schedule: Schedule) -> str:
    """Return when ``schedule`` is due, in words: "Every Monday at 06:00"."""
    at = f"at {schedule.time:%H:%M}"
    if schedule.frequency == Schedule.Frequency.WEEKLY:
        return f"Every {schedule.get_weekday_display()} {at}"
    if schedule.frequency == Schedule.Frequency.MONTHLY:
        return f"{_day_words(schedule.day or 0)} of each month {at}"
    return f"Every day {at}"


def _day_words(day: int) -> str:
    if day == 31:
        return "The last day"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10 if day not in (11, 12, 13) else 0, "th")
    return f"The {day}{ending}" + (" (or last day)" if day > 28 else "")


def next_words(schedule: Schedule, now: datetime) -> str:
    """Return when ``schedule`` is due next by the clocks of its zone: "today at 06:00", "Mon 23 Nov at 06:00"."""
    if schedule.next_at is None:
        return ""
    if schedule.next_at <= now:
        return "due now"
    zone = ZoneInfo(schedule.time_zone)
    at, today = schedule.next_at.astimezone(zone), now.astimezone(zone).date()
    days = (at.date() - today).days
    day = {0: "today", 1: "tomorrow"}.get(days) or f"{at:%a} {at.day} {at:%b}"
    return f"{day} at {at:%H:%M}" + (f", in {days} days" if days > 1 else "")
