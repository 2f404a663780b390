from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("compliance", "0013_settings_settle_in_chunks")]

    operations = [
        migrations.RemoveConstraint(model_name="provisionedvm", name="vm_once"),
        migrations.AddField(
            model_name="provisionedvm",
            name="hardware",
            field=models.JSONField(
                default=list,
                help_text="Marks of the machine itself, where its id is a number that another machine may get.",
            ),
        ),
        migrations.AddField(
            model_name="provisionedvm",
            name="wanted_at",
            field=models.DateTimeField(
                blank=True, help_text="When it was last applied or asked for; older facts decide nothing.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="provisioningrun",
            name="status",
            field=models.CharField(
                choices=[
                    ("fetching", "Fetching the state"),
                    ("registered", "Registered"),
                    ("superseded", "Superseded by a newer run"),
                    ("failed", "Failed"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="provisionedvm",
            index=models.Index(fields=["organization", "instance_id"], name="vm_by_instance"),
        ),
        migrations.AddConstraint(
            model_name="provisionedvm",
            constraint=models.UniqueConstraint(
                condition=Q(retired_at=None) & ~Q(provider="proxmox"),
                fields=("organization", "provider", "instance_id"),
                name="vm_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="provisionedvm",
            constraint=models.UniqueConstraint(
                condition=Q(retired_at=None, provider="proxmox"),
                fields=("project", "workspace", "provider", "instance_id"),
                name="vm_once_in_state",
            ),
        ),
    ]
