from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0011_provisioning")]

    operations = [
        migrations.AddField(
            model_name="provisioningrun",
            name="run_created_at",
            field=models.DateTimeField(
                blank=True,
                help_text="As Terraform tells it; orders the runs of a workspace, whose news may not be.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="runtask", name="speculative", field=models.BooleanField(default=False)
        ),
    ]
