from django.db import migrations
from django.db.models import Count


def count(apps, schema_editor):
    """Count the scans that ended before they were tallied, so that totals of long lists are right."""
    Scan, ScanTally = apps.get_model("compliance", "Scan"), apps.get_model("compliance", "ScanTally")
    keys = ("organization_id", "policy_id", "status", "scan_type")
    ended = Scan.objects.exclude(status__in=["pending", "running"]).order_by().values(*keys).annotate(scans=Count("pk"))
    known = {}
    for row in ScanTally.objects.values(*keys, "scans"):
        key = tuple(row[name] for name in keys)
        known[key] = known.get(key, 0) + row["scans"]
    for row in ended:
        missing = row["scans"] - known.get(tuple(row[name] for name in keys), 0)
        if missing:
            ScanTally.objects.create(**{name: row[name] for name in keys}, scans=missing)


class Migration(migrations.Migration):
    dependencies = [("compliance", "0009_scans_found_by_rare_status_and_type")]

    operations = [migrations.RunPython(count, migrations.RunPython.noop)]
