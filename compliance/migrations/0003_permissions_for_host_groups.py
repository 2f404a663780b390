from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("compliance", "0002_policies_and_posture")]

    operations = [
        migrations.AlterModelOptions(
            name="hostgroup",
            options={
                "ordering": ["name", "pk"],
                "default_permissions": (),
                "permissions": [
                    ("view_compliance", "See the hosts of the group and their results"),
                    ("manage_compliance", "Change the hosts of the group; run scans"),
                    ("approve_exception", "Approve exceptions of others for its hosts"),
                ],
            },
        ),
    ]
