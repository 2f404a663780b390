from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0003_permissions_for_host_groups")]

    operations = [
        migrations.AddField(
            model_name="preview",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="previewhost",
            name="changed",
            field=models.PositiveIntegerField(default=0, help_text="How many checks; the first of them are listed."),
        ),
        migrations.AddIndex(
            model_name="previewhost",
            index=models.Index(fields=["preview", "-changed"], name="preview_host_changed"),
        ),
    ]
