"""What the scheduler does by the clock, as data. It starts drains; the rows in the database say what is to be done."""

from typing import Any

from celery.schedules import crontab

EVERY_30_MINUTES = crontab(minute="*/30")
"""By the clock, and not from the start on, so that a restart puts nothing off."""
EVERY_10_SECONDS_S = 10.0
EVERY_MINUTE_S = 60.0
HOURLY_S = 3600.0
DAILY_S = 86_400.0

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "ask for the scans of the hosts that are due": {
        "task": "compliance.tick",
        "schedule": EVERY_30_MINUTES,
    },
    "free lost scans and enqueue waiting ones": {
        "task": "compliance.sweep_scans",
        "schedule": EVERY_MINUTE_S,
    },
    "ask for the cloud runs whose time has come": {
        "task": "cloudbench.tick_schedules",
        "schedule": EVERY_MINUTE_S,
    },
    "begin and end streams as policies and hosts stand": {
        "task": "compliance.reconcile_streams",
        "schedule": HOURLY_S,
    },
    "bring daily figures up to now": {
        "task": "compliance.roll_up",
        "schedule": EVERY_MINUTE_S,
    },
    "sum up tallies and movements": {
        "task": "compliance.compact",
        "schedule": EVERY_MINUTE_S,
    },
    "look for provisioned VMs that are waited for": {
        "task": "compliance.tend_provisioning",
        "schedule": EVERY_10_SECONDS_S,
        "options": {"expires": EVERY_10_SECONDS_S},  # one that no worker had time for is not made up for
    },
    "scan provisioned VMs again by their organizations' rules": {
        "task": "compliance.tick_provisioning",
        "schedule": EVERY_MINUTE_S,
    },
    "free lost previews and enqueue waiting ones": {
        "task": "compliance.sweep_previews",
        "schedule": EVERY_MINUTE_S,
    },
    "end exceptions in time and have the posture follow": {
        "task": "compliance.tend_waivers",
        "schedule": EVERY_MINUTE_S,
    },
    "free lost cloud collections and enqueue waiting ones": {
        "task": "cloudbench.sweep_snapshots",
        "schedule": EVERY_MINUTE_S,
    },
    "prune cloud details whose time has passed": {
        "task": "cloudbench.prune",
        "schedule": HOURLY_S,
    },
    "prune what retention has passed": {
        "task": "organizations.prune",
        "schedule": HOURLY_S,
    },
    "prune details whose time has passed": {
        "task": "compliance.prune",
        "schedule": HOURLY_S,
    },
    "sweep stored bytes that nothing refers to": {
        "task": "compliance.sweep_blobs",
        "schedule": DAILY_S,
    },
}
