from django.db import migrations, models
from django.db.models import Q

GOING = ("pending_approval", "active")


class Migration(migrations.Migration):
    dependencies = [("compliance", "0005_stream_alerted_score")]

    operations = [
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.UniqueConstraint(
                fields=("check_id", "host"), condition=Q(status__in=GOING), name="waiver_one_for_host"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.UniqueConstraint(
                fields=("check_id", "host_group"), condition=Q(status__in=GOING), name="waiver_one_for_host_group"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.UniqueConstraint(
                fields=("organization", "check_id"),
                condition=Q(host=None, host_group=None, status__in=GOING),
                name="waiver_one_for_organization",
            ),
        ),
    ]
