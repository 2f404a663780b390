from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0012_what_terraform_tells_of_runs")]

    operations = [
        migrations.AddField(
            model_name="handoversettings",
            name="settle_from",
            field=models.PositiveBigIntegerField(
                blank=True,
                editable=False,
                help_text="The first VM on which is still to be decided by changed settings.",
                null=True,
            ),
        ),
    ]
