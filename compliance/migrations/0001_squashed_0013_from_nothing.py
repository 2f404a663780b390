"""Steps 1 to 13 in one for a new database, each table made whole: 2 s in place of 8. Others take the steps."""

import compliance.models.credentials
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import organizations.models.secrets
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("compliance", "0001_first_tables"),
        ("compliance", "0002_policies_and_posture"),
        ("compliance", "0003_permissions_for_host_groups"),
        ("compliance", "0004_previews_count_and_retry"),
        ("compliance", "0005_stream_alerted_score"),
        ("compliance", "0006_one_exception_for_a_scope"),
        ("compliance", "0007_pruned_scans"),
        ("compliance", "0008_indexes_of_hosts_in_service"),
        ("compliance", "0009_scans_found_by_rare_status_and_type"),
        ("compliance", "0010_count_scans_ended_before"),
        ("compliance", "0011_provisioning"),
        ("compliance", "0012_what_terraform_tells_of_runs"),
        ("compliance", "0013_settings_settle_in_chunks"),
    ]

    initial = True

    dependencies = [
        ("organizations", "0003_requested_reports"),
        ("organizations", "__first__"),
        ("templates_app", "0002_variables_of_drafts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("sha256", models.CharField(max_length=64)),
                ("data", models.BinaryField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "sha256"), name="blob_once_in_organization")
                ],
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=120)),
                ("username", models.CharField(max_length=64, verbose_name="user name")),
                ("private_key", organizations.models.secrets.EncryptedTextField(blank=True)),
                ("passphrase", organizations.models.secrets.EncryptedTextField(blank=True)),
                ("password", organizations.models.secrets.EncryptedTextField(blank=True)),
                (
                    "sudo",
                    models.CharField(
                        choices=[
                            ("auto", "Whatever works without asking"),
                            ("none", "No sudo"),
                            ("nopasswd", "sudo without a password"),
                            ("password", "sudo with a password"),
                        ],
                        default="auto",
                        max_length=10,
                    ),
                ),
                ("sudo_password", organizations.models.secrets.EncryptedTextField(blank=True)),
                (
                    "networks",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Only hosts with an address in these networks may use it; none means all.",
                        validators=[compliance.models.credentials.validate_networks],
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HostGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=120)),
                ("description", models.CharField(blank=True, max_length=500)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "permissions": [
                    ("view_compliance", "See the hosts of the group and their results"),
                    ("manage_compliance", "Change the hosts of the group; run scans"),
                    ("approve_exception", "Approve exceptions of others for its hosts"),
                ],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("organization", "name"), name="host_group_name_once")],
            },
        ),
        migrations.CreateModel(
            name="Host",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("hostname", models.CharField(max_length=255)),
                (
                    "address",
                    models.CharField(
                        blank=True, help_text="Where to connect; empty means the host name.", max_length=255
                    ),
                ),
                (
                    "port",
                    models.PositiveIntegerField(
                        default=22,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                    ),
                ),
                (
                    "os_type",
                    models.CharField(
                        choices=[("linux", "Linux"), ("windows", "Windows"), ("bsd", "BSD")],
                        default="linux",
                        max_length=10,
                        verbose_name="OS type",
                    ),
                ),
                (
                    "connection",
                    models.CharField(choices=[("ssh", "SSH"), ("local", "This machine")], default="ssh", max_length=10),
                ),
                (
                    "login_user",
                    models.CharField(
                        blank=True, help_text="Who to log in as; empty means the user of the credential.", max_length=64
                    ),
                ),
                (
                    "os_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="operating system"),
                ),
                ("last_seen_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("unreachable_since", models.DateTimeField(blank=True, editable=False, null=True)),
                ("retired_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "credential",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hosts",
                        to="compliance.credential",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                ("groups", models.ManyToManyField(blank=True, related_name="hosts", to="compliance.hostgroup")),
            ],
            options={
                "ordering": ["hostname", "pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("retired_at", None)), fields=["organization"], name="host_in_service"
                    ),
                    models.Index(
                        condition=models.Q(("retired_at", None), ("unreachable_since__isnull", False)),
                        fields=["organization", "connection"],
                        name="host_unreachable",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("organization", "hostname"), name="host_name_once")],
            },
        ),
        migrations.AddField(
            model_name="credential",
            name="groups",
            field=models.ManyToManyField(
                blank=True,
                help_text="Only hosts of these groups may use it; none means all.",
                to="compliance.hostgroup",
            ),
        ),
        migrations.CreateModel(
            name="HostKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("type", models.CharField(blank=True, max_length=60)),
                ("fingerprint", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[("pinned", "Pinned"), ("offered", "Offered, not trusted")], max_length=10
                    ),
                ),
                (
                    "first_contact",
                    models.BooleanField(default=False, help_text="Trusted because it was the first one seen."),
                ),
                ("seen_at", models.DateTimeField()),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="compliance.host"
                    ),
                ),
            ],
            options={
                "ordering": ["host", "state", "pk"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("host", "fingerprint"), name="host_key_once")],
            },
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "os_type",
                    models.CharField(
                        choices=[("linux", "Linux"), ("windows", "Windows"), ("bsd", "BSD")],
                        max_length=10,
                        verbose_name="OS type",
                    ),
                ),
                (
                    "pinned_template_version",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: always the latest published version of the template's family.",
                        null=True,
                    ),
                ),
                (
                    "profile",
                    models.CharField(
                        choices=[("server", "Server"), ("workstation", "Workstation")], default="server", max_length=20
                    ),
                ),
                (
                    "scan_interval_hours",
                    models.PositiveIntegerField(
                        default=24,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(168),
                        ],
                        verbose_name="scan interval (hours)",
                    ),
                ),
                (
                    "batch_size",
                    models.PositiveIntegerField(
                        default=100,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                    ),
                ),
                (
                    "approval_mode",
                    models.CharField(
                        choices=[("auto", "Automatic"), ("manual", "Manual")], default="manual", max_length=10
                    ),
                ),
                ("auto_remediate_critical", models.BooleanField(default=False)),
                ("auto_remediate_high", models.BooleanField(default=False)),
                ("auto_remediate_medium", models.BooleanField(default=False)),
                ("auto_remediate_low", models.BooleanField(default=False)),
                ("rolled_up_through", models.DateTimeField(blank=True, editable=False, null=True)),
                ("removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policies",
                        to="templates_app.template",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "policies",
                "ordering": ["organization", "os_type", "pk"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at", None)),
                        fields=("organization", "os_type"),
                        name="policy_one_for_os",
                        violation_error_message="This organization has a policy for this OS type already; edit that one.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Movement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("day", models.DateField()),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("check", "A check's outcome changed on hosts"),
                            ("exception", "An exception began or ended"),
                            ("template", "Another template version"),
                            ("coverage", "Scans became complete or incomplete"),
                            ("host", "Hosts came or left"),
                        ],
                        max_length=12,
                    ),
                ),
                ("check_id", models.CharField(blank=True, max_length=80)),
                ("points", models.FloatField()),
                ("hosts", models.IntegerField(help_text="By how many the number of counted hosts changed.")),
                ("changes", models.IntegerField(default=0, help_text="On how many scans of hosts it happened.")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="compliance.policy"
                    ),
                ),
            ],
            options={
                "ordering": ["day", "pk"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["policy", "day", "cause", "check_id"], name="movement_by_day")],
            },
        ),
        migrations.CreateModel(
            name="DailyScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("day", models.DateField()),
                ("zone", models.CharField(max_length=60)),
                (
                    "hosts",
                    models.PositiveIntegerField(default=0, help_text="Hosts with a complete, scored scan that day."),
                ),
                ("incomplete", models.PositiveIntegerField(default=0)),
                ("average", models.FloatField(null=True)),
                ("minimum", models.FloatField(null=True)),
                ("maximum", models.FloatField(null=True)),
                ("posture_sum", models.FloatField(default=0)),
                ("posture_hosts", models.IntegerField(default=0)),
                ("computed_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="days", to="compliance.policy"
                    ),
                ),
            ],
            options={
                "ordering": ["day", "policy"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["organization", "day"], name="daily_score_by_day")],
                "constraints": [models.UniqueConstraint(fields=("policy", "day"), name="daily_score_once")],
            },
        ),
        migrations.CreateModel(
            name="CheckTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("check_id", models.CharField(max_length=80)),
                ("severity", models.CharField(max_length=10)),
                ("status", models.CharField(max_length=10)),
                ("hosts", models.IntegerField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="compliance.policy"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "check tallies",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["organization", "status", "check_id"], name="check_tally_by_status"),
                    models.Index(fields=["policy", "check_id"], name="check_tally_by_check"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="compliance.host"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="compliance.policy"
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="templates_app.template"
                    ),
                ),
            ],
            options={
                "ordering": ["host__hostname", "pk"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("policy", "host"),
                        name="policy_override_once_for_host",
                        violation_error_message="This host has an override under this policy already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicySecondary",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="secondaries", to="compliance.policy"
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="templates_app.template"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "policy secondaries",
                "ordering": ["policy", "pk"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("policy", "template"), name="policy_secondary_once")],
            },
        ),
        migrations.CreateModel(
            name="Preview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("document", models.TextField(help_text="The template as it was when the preview was asked for.")),
                ("sha256", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("hosts_total", models.PositiveIntegerField(default=0)),
                ("hosts_done", models.PositiveIntegerField(default=0)),
                ("summary", models.JSONField(default=dict)),
                ("error", models.TextField(blank=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease_owner", models.CharField(blank=True, max_length=64)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="templates_app.template"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["pending", "running"])),
                        fields=["status"],
                        name="preview_unfinished",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("organization", "name"), name="project_name_once")],
            },
        ),
        migrations.CreateModel(
            name="HandoverSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("enabled", models.BooleanField(default=False, verbose_name="enable CIS scanning")),
                (
                    "enforcement_mode",
                    models.CharField(
                        choices=[("audit", "Audit"), ("warn", "Warn"), ("block", "Block")],
                        default="audit",
                        max_length=10,
                    ),
                ),
                (
                    "cis_profile",
                    models.CharField(
                        choices=[
                            ("level1_server", "CIS Level 1 Server"),
                            ("level2_server", "CIS Level 2 Server"),
                            ("level1_workstation", "CIS Level 1 Workstation"),
                            ("level2_workstation", "CIS Level 2 Workstation"),
                        ],
                        default="level1_server",
                        max_length=20,
                        verbose_name="CIS profile",
                    ),
                ),
                (
                    "minimum_score",
                    models.FloatField(
                        default=70.0,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="minimum pass score",
                    ),
                ),
                ("block_on_critical", models.BooleanField(default=True, verbose_name="block on critical failures")),
                ("block_on_high", models.BooleanField(default=False, verbose_name="block on high failures")),
                ("scan_on_provision", models.BooleanField(default=True)),
                ("scan_on_schedule", models.BooleanField(default=False)),
                ("schedule_cron", models.CharField(blank=True, max_length=100, verbose_name="schedule")),
                ("next_scan_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("ssh_user", models.CharField(default="ubuntu", max_length=64, verbose_name="SSH user")),
                ("exempted_rules", models.JSONField(blank=True, default=list, verbose_name="exempted rule ids")),
                (
                    "only_admins_unblock",
                    models.BooleanField(
                        default=False,
                        help_text="A later clean scan does not clear a block by itself; an admin releases the VM.",
                        verbose_name="a block ends by release only",
                    ),
                ),
                (
                    "wait_minutes",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="How long a new VM may take until it has an address and answers SSH.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                    ),
                ),
                (
                    "settle_from",
                    models.PositiveBigIntegerField(
                        blank=True,
                        editable=False,
                        help_text="The first VM on which is still to be decided by changed settings.",
                        null=True,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "ssh_credential",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.credential",
                        verbose_name="SSH credential",
                    ),
                ),
                (
                    "exempted_projects",
                    models.ManyToManyField(blank=True, related_name="exempted_in", to="compliance.project"),
                ),
            ],
            options={
                "verbose_name_plural": "handover settings",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_scan_at__isnull", False)),
                        fields=["next_scan_at"],
                        name="handover_scan_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("organization",), name="handover_settings_once"),
                    models.CheckConstraint(
                        condition=models.Q(("minimum_score__gte", 0), ("minimum_score__lte", 100)),
                        name="handover_minimum_score_is_percentage",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("enabled", False), ("ssh_credential__isnull", False), _connector="OR"),
                        name="handover_scanning_has_credential",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderConnection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("aws", "AWS"),
                            ("azure", "Azure"),
                            ("gcp", "Google Cloud"),
                            ("vmware", "VMware vCenter"),
                            ("proxmox", "Proxmox VE"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "endpoint",
                    models.CharField(
                        blank=True, help_text="Where it answers; empty means the usual place.", max_length=500
                    ),
                ),
                (
                    "scope",
                    models.JSONField(blank=True, default=dict, help_text="What is no secret, by field of the kind."),
                ),
                ("secrets", organizations.models.secrets.EncryptedTextField(blank=True, help_text="A JSON object.")),
                (
                    "ca_certificate",
                    models.TextField(
                        blank=True,
                        help_text="In PEM; empty trusts the certificates that this server trusts.",
                        verbose_name="CA certificate",
                    ),
                ),
                ("tested_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("test_ok", models.BooleanField(editable=False, null=True)),
                ("test_message", models.TextField(blank=True, editable=False)),
                ("removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at", None)),
                        fields=("organization", "name"),
                        name="provider_name_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProvisioningRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("lease_owner", models.CharField(blank=True, editable=False, max_length=64)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("workspace_id", models.CharField(blank=True, max_length=120)),
                ("workspace_name", models.CharField(blank=True, max_length=120)),
                ("run_id", models.CharField(max_length=200)),
                (
                    "run_created_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="As Terraform tells it; orders the runs of a workspace, whose news may not be.",
                        null=True,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("posted", "Posted"), ("notification", "Notification"), ("run_task", "Run task")],
                        max_length=12,
                    ),
                ),
                ("source_key", models.CharField(max_length=400)),
                (
                    "lineage",
                    models.CharField(blank=True, help_text="Of the state, where the document told it.", max_length=120),
                ),
                (
                    "serial",
                    models.BigIntegerField(
                        blank=True, help_text="Of the state, where the document told it.", null=True
                    ),
                ),
                (
                    "groups",
                    models.JSONField(
                        default=list, help_text="Resources that make machines which the state does not list."
                    ),
                ),
                ("vms_sha256", models.CharField(blank=True, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("fetching", "Fetching the state"),
                            ("registered", "Registered"),
                            ("failed", "Failed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("error", models.TextField(blank=True)),
                ("vms_count", models.PositiveIntegerField(default=0)),
                ("destroyed_count", models.PositiveIntegerField(default=0)),
                ("registered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="compliance.project"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ScanTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("status", models.CharField(max_length=10)),
                ("scan_type", models.CharField(max_length=14)),
                ("scans", models.IntegerField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.policy",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "scan tallies",
                "default_permissions": (),
                "indexes": [models.Index(fields=["organization", "status", "scan_type"], name="scan_tally_by_status")],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("collected_at", models.DateTimeField()),
                (
                    "walked_at",
                    models.DateTimeField(blank=True, help_text="When the file systems were last walked.", null=True),
                ),
                ("collector_version", models.CharField(max_length=20)),
                ("plan_sha256", models.CharField(max_length=64)),
                ("privilege", models.CharField(max_length=10)),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="snapshots", to="compliance.host"
                    ),
                ),
                (
                    "manifest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="compliance.blob"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
            ],
            options={
                "ordering": ["-collected_at", "-pk"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["host", "-collected_at"], name="snapshot_by_host")],
            },
        ),
        migrations.CreateModel(
            name="Scan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("template_sha256", models.CharField(max_length=64)),
                (
                    "profile",
                    models.CharField(
                        choices=[("server", "Server"), ("workstation", "Workstation")], default="server", max_length=20
                    ),
                ),
                (
                    "scan_type",
                    models.CharField(
                        choices=[
                            ("scheduled", "Scheduled"),
                            ("on_demand", "On demand"),
                            ("provision", "Provision"),
                            ("verification", "Verification"),
                            ("imported", "Imported"),
                            ("re_evaluation", "Re-evaluation"),
                        ],
                        default="on_demand",
                        max_length=14,
                    ),
                ),
                (
                    "benchmark",
                    models.CharField(blank=True, help_text="Whose values of the template were used.", max_length=40),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("running", "Running"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(default=5, help_text="Lower goes first; a person waits at 1."),
                ),
                ("not_before", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease_owner", models.CharField(blank=True, max_length=64)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for a worker"),
                            ("connecting", "Connecting"),
                            ("collecting", "Collecting facts"),
                            ("walking", "Walking the file systems"),
                            ("evaluating", "Evaluating"),
                            ("storing", "Storing"),
                            ("ended", "Ended"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("steps_done", models.PositiveSmallIntegerField(default=0)),
                ("steps_total", models.PositiveSmallIntegerField(default=0)),
                ("step", models.CharField(blank=True, help_text="The section that was read last.", max_length=60)),
                ("error_code", models.CharField(blank=True, max_length=40)),
                ("error", models.TextField(blank=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "pruned_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its facts and results were deleted because their time had passed.",
                        null=True,
                    ),
                ),
                ("privilege", models.CharField(blank=True, max_length=10)),
                ("total", models.PositiveIntegerField(default=0)),
                ("passed", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("errors", models.PositiveIntegerField(default=0)),
                ("skipped", models.PositiveIntegerField(default=0)),
                ("waived", models.PositiveIntegerField(default=0)),
                ("not_applicable", models.PositiveIntegerField(default=0)),
                ("failed_critical", models.PositiveIntegerField(default=0)),
                ("failed_high", models.PositiveIntegerField(default=0)),
                ("failed_medium", models.PositiveIntegerField(default=0)),
                ("failed_low", models.PositiveIntegerField(default=0)),
                (
                    "left_out",
                    models.PositiveIntegerField(default=0, help_text="Checks for other distributions or profiles."),
                ),
                ("score", models.FloatField(blank=True, null=True)),
                ("score_without_waivers", models.FloatField(blank=True, null=True)),
                ("coverage", models.FloatField(blank=True, null=True)),
                ("incomplete", models.BooleanField(default=False)),
                ("handover_blocked", models.BooleanField(default=False)),
                ("would_block", models.BooleanField(default=False)),
                ("block_reasons", models.JSONField(default=list)),
                (
                    "based_on",
                    models.ForeignKey(
                        blank=True,
                        help_text="The scan that was re-evaluated.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.scan",
                    ),
                ),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="scans", to="compliance.host"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scans",
                        to="compliance.policy",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "results",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.blob",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="scans", to="templates_app.template"
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scans",
                        to="compliance.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("policy", "Policy"),
                            ("secondary", "Secondary template"),
                            ("provision", "Provisioning"),
                            ("by_hand", "By hand"),
                        ],
                        default="by_hand",
                        max_length=10,
                    ),
                ),
                (
                    "family",
                    models.CharField(
                        help_text="Of the template; a policy stream goes on when it changes.", max_length=60
                    ),
                ),
                ("profile", models.CharField(max_length=20)),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, help_text="When the policy let go of the host.", null=True),
                ),
                ("scanned_at", models.DateTimeField(blank=True, null=True)),
                ("score", models.FloatField(blank=True, null=True)),
                ("score_without_waivers", models.FloatField(blank=True, null=True)),
                ("coverage", models.FloatField(blank=True, null=True)),
                ("incomplete", models.BooleanField(default=False)),
                ("counted_score", models.FloatField(blank=True, null=True)),
                (
                    "alerted_score",
                    models.FloatField(
                        blank=True,
                        help_text="The score of which the last regression alert told, until it recovered.",
                        null=True,
                    ),
                ),
                ("passed", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("errors", models.PositiveIntegerField(default=0)),
                ("waived", models.PositiveIntegerField(default=0)),
                ("failed_critical", models.PositiveIntegerField(default=0)),
                ("failed_high", models.PositiveIntegerField(default=0)),
                ("failed_medium", models.PositiveIntegerField(default=0)),
                ("failed_low", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField(blank=True, help_text="When the scheduler scans it next.", null=True)),
                (
                    "misses",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Attempts in a row that did not reach the host."
                    ),
                ),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="streams", to="compliance.host"
                    ),
                ),
                (
                    "latest",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.scan",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="streams",
                        to="compliance.policy",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="templates_app.template",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["policy", "due_at"], name="stream_due"
                    ),
                    models.Index(
                        condition=models.Q(("counted_score__isnull", False)),
                        fields=["organization", "counted_score"],
                        name="stream_counted",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["organization", "role", "-scanned_at"],
                        name="stream_going",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("role", "by_hand")),
                        fields=("host", "family", "profile"),
                        name="stream_once_by_hand",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None), ("role", "policy")),
                        fields=("policy", "host"),
                        name="stream_once_under_policy",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None), ("role", "secondary")),
                        fields=("policy", "host", "family"),
                        name="stream_once_secondary",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None), ("role", "provision")),
                        fields=("host", "profile"),
                        name="stream_once_provision",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role__in", ["policy", "secondary"]), _negated=True),
                            ("policy__isnull", False),
                            _connector="OR",
                        ),
                        name="stream_of_policy_names_it",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("role", "policy")), ("counted_score", None), _connector="OR"
                        ),
                        name="stream_counts_under_policy_only",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="scan",
            name="stream",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="scans",
                to="compliance.stream",
            ),
        ),
        migrations.CreateModel(
            name="PreviewHost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("score_before", models.FloatField(null=True)),
                ("score_then", models.FloatField(null=True)),
                ("note", models.CharField(blank=True, help_text="Why the host could not be tried.", max_length=300)),
                ("changes", models.JSONField(default=list)),
                (
                    "changed",
                    models.PositiveIntegerField(default=0, help_text="How many checks; the first of them are listed."),
                ),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="compliance.host"
                    ),
                ),
                (
                    "preview",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="compliance.preview"
                    ),
                ),
                (
                    "stream",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="compliance.stream"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["preview", "-changed"], name="preview_host_changed")],
                "constraints": [models.UniqueConstraint(fields=("preview", "host"), name="preview_host_once")],
            },
        ),
        migrations.CreateModel(
            name="TerraformConnection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "host",
                    models.CharField(
                        default="app.terraform.io", help_text="Without https://, with a port if any.", max_length=255
                    ),
                ),
                (
                    "token",
                    organizations.models.secrets.EncryptedTextField(
                        blank=True,
                        help_text="Of a team or a user that may read state versions; an organization's token may not.",
                    ),
                ),
                (
                    "notification_key",
                    organizations.models.secrets.EncryptedTextField(
                        blank=True, help_text="The token of the notification in Terraform."
                    ),
                ),
                (
                    "run_task_key",
                    organizations.models.secrets.EncryptedTextField(
                        blank=True, help_text="The HMAC key of the run task in Terraform."
                    ),
                ),
                (
                    "projects",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Workspace name to project name; a workspace that is not named is its own project.",
                    ),
                ),
                (
                    "ca_certificate",
                    models.TextField(
                        blank=True,
                        help_text="In PEM; empty trusts the certificates that this server trusts.",
                        verbose_name="CA certificate",
                    ),
                ),
                ("last_heard_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("removed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at", None)),
                        fields=("organization", "name"),
                        name="terraform_connection_name_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RunTask",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("lease_owner", models.CharField(blank=True, editable=False, max_length=64)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("task_result_id", models.CharField(max_length=120)),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("pre_plan", "Before the plan"),
                            ("post_plan", "After the plan"),
                            ("pre_apply", "Before the apply"),
                            ("post_apply", "After the apply"),
                        ],
                        max_length=12,
                    ),
                ),
                ("mandatory", models.BooleanField(default=False)),
                ("speculative", models.BooleanField(default=False)),
                ("takes_outcomes", models.BooleanField(default=False)),
                ("callback_url", models.URLField(max_length=2000)),
                (
                    "access_token",
                    organizations.models.secrets.EncryptedTextField(
                        blank=True, help_text="Lives ten minutes; forgotten with the verdict."
                    ),
                ),
                ("workspace_id", models.CharField(max_length=120)),
                ("workspace_name", models.CharField(max_length=120)),
                ("run_id", models.CharField(max_length=120)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("unanswered", "Not answered in time"),
                        ],
                        default="running",
                        max_length=12,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("told_at", models.DateTimeField(blank=True, help_text="When Terraform last heard of it.", null=True)),
                ("deadline", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "registered",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run_tasks",
                        to="compliance.provisioningrun",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run_tasks",
                        to="compliance.terraformconnection",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="run_task_due")
                ],
                "constraints": [models.UniqueConstraint(fields=("connection", "task_result_id"), name="run_task_once")],
            },
        ),
        migrations.AddField(
            model_name="provisioningrun",
            name="connection",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="compliance.terraformconnection",
            ),
        ),
        migrations.CreateModel(
            name="ProvisionedVm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("lease_owner", models.CharField(blank=True, editable=False, max_length=64)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("workspace", models.CharField(blank=True, max_length=120)),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("aws", "AWS"),
                            ("azure", "Azure"),
                            ("gcp", "Google Cloud"),
                            ("vmware", "VMware vCenter"),
                            ("proxmox", "Proxmox VE"),
                        ],
                        max_length=10,
                    ),
                ),
                ("instance_id", models.CharField(max_length=400)),
                (
                    "locator",
                    models.CharField(
                        blank=True, help_text="What the provider's API takes instead of the id.", max_length=400
                    ),
                ),
                (
                    "resource_address",
                    models.CharField(help_text="Of Terraform, e.g. module.web.aws_instance.this[0].", max_length=500),
                ),
                ("resource_type", models.CharField(max_length=60)),
                ("name", models.CharField(blank=True, max_length=500)),
                ("addresses", models.JSONField(default=list)),
                ("os_family", models.CharField(blank=True, max_length=10, verbose_name="OS family")),
                ("os_hint", models.CharField(blank=True, max_length=300, verbose_name="image")),
                ("region", models.CharField(blank=True, max_length=120)),
                ("power_state", models.CharField(blank=True, max_length=20)),
                ("tags", models.JSONField(default=dict)),
                ("tainted", models.BooleanField(default=False)),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("address", "Waiting for an address"),
                            ("ssh", "Waiting for SSH"),
                            ("scan", "Being scanned"),
                            ("settled", "Settled"),
                        ],
                        default="address",
                        max_length=10,
                    ),
                ),
                ("wait_until", models.DateTimeField(blank=True, help_text="When waiting for it ends.", null=True)),
                ("waits_for", models.TextField(blank=True, help_text="What the last look at it found missing.")),
                (
                    "unverifiable",
                    models.TextField(blank=True, help_text="Why no scan came to results, once trying has ended."),
                ),
                ("failed_scans", models.PositiveSmallIntegerField(default=0, help_text="In a row.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("allowed", "Allowed"),
                            ("blocked", "Blocked"),
                            ("released", "Released"),
                            ("unverified", "Unverified"),
                            ("exempt", "Exempt"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("reasons", models.JSONField(default=list)),
                ("would_block", models.JSONField(default=list)),
                ("state_since", models.DateTimeField()),
                (
                    "handed_over_at",
                    models.DateTimeField(blank=True, help_text="When the gate first let it through.", null=True),
                ),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                ("release_reason", models.CharField(blank=True, max_length=1000)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "host",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="vm", to="compliance.host"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="vms", to="compliance.project"
                    ),
                ),
                (
                    "provider_connection",
                    models.ForeignKey(
                        blank=True,
                        help_text="What resolved it last.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vms",
                        to="compliance.providerconnection",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        help_text="The apply that told of it last.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.provisioningrun",
                    ),
                ),
                ("runs", models.ManyToManyField(related_name="vms", to="compliance.provisioningrun")),
                (
                    "scan",
                    models.ForeignKey(
                        blank=True,
                        help_text="The latest completed scan of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.scan",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vms",
                        to="compliance.terraformconnection",
                    ),
                ),
            ],
            options={
                "verbose_name": "provisioned VM",
                "ordering": ["-created_at", "-pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="vm_due"),
                    models.Index(
                        condition=models.Q(("retired_at", None)), fields=["organization", "state"], name="vm_by_state"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at", None)),
                        fields=("organization", "provider", "instance_id"),
                        name="vm_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "released"), _negated=True),
                            models.Q(
                                ("released_at__isnull", False),
                                ("released_by__isnull", False),
                                models.Q(("release_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="vm_release_says_who_when_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VmEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("applied", "Applied"),
                            ("waiting", "Waiting"),
                            ("resolved", "Resolved"),
                            ("scan_requested", "Scan requested"),
                            ("scanned", "Scanned"),
                            ("scan_failed", "Scan failed"),
                            ("decided", "Gate"),
                            ("released", "Released"),
                            ("alerted", "Alert"),
                            ("destroyed", "Destroyed"),
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("text", models.TextField()),
                ("state", models.CharField(blank=True, help_text="Of the gate, where it changed.", max_length=10)),
                ("actor", models.CharField(blank=True, max_length=200)),
                (
                    "scan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="compliance.scan",
                    ),
                ),
                (
                    "vm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="compliance.provisionedvm",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["vm", "at"], name="vm_event_by_vm")],
            },
        ),
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("check_id", models.CharField(max_length=80, verbose_name="check")),
                ("reason", models.TextField(max_length=2000)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending_approval", "Pending approval"),
                            ("active", "Active"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                            ("revoked", "Revoked"),
                        ],
                        default="pending_approval",
                        max_length=20,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision_reason", models.CharField(blank=True, max_length=500)),
                ("ended_at", models.DateTimeField(blank=True, help_text="When it was revoked or expired.", null=True)),
                (
                    "reminded_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        editable=False,
                        help_text="The last reminder: this many days before the expiry.",
                        null=True,
                    ),
                ),
                (
                    "applied_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="When the posture last followed its change of status.",
                        null=True,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "host",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
                        to="compliance.host",
                    ),
                ),
                (
                    "host_group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
                        to="compliance.hostgroup",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        help_text="Who asked for the approval that is pending or was given: the creator, or who last extended it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "exception",
                "ordering": ["-created_at", "-pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "active")),
                        fields=["organization", "check_id"],
                        name="waiver_active",
                    ),
                    models.Index(
                        condition=models.Q(("status", "active")), fields=["expires_at"], name="waiver_expiring"
                    ),
                    models.Index(fields=["organization", "-created_at"], name="waiver_by_time"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("host", None), ("host_group", None), _connector="OR"),
                        name="waiver_names_host_or_group_not_both",
                        violation_error_message="Choose a host or a host group, not both.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["active", "rejected"]), _negated=True),
                            ("decided_by__isnull", False),
                            _connector="OR",
                        ),
                        name="waiver_decision_has_a_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="waiver_not_decided_by_its_requester",
                        violation_error_message="Another user than its creator must decide on an exception.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("pending_approval", "active"))),
                        fields=("check_id", "host"),
                        name="waiver_one_for_host",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("pending_approval", "active"))),
                        fields=("check_id", "host_group"),
                        name="waiver_one_for_host_group",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("host", None), ("host_group", None), ("status__in", ("pending_approval", "active"))
                        ),
                        fields=("organization", "check_id"),
                        name="waiver_one_for_organization",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("check_id", models.CharField(max_length=80)),
                ("status", models.CharField(max_length=10)),
                ("severity", models.CharField(max_length=10)),
                ("valid_from", models.DateTimeField()),
                ("valid_to", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.organization"
                    ),
                ),
                (
                    "scan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="compliance.scan"
                    ),
                ),
                (
                    "stream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="states", to="compliance.stream"
                    ),
                ),
                (
                    "waiver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="compliance.waiver",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["stream", "-valid_from"], name="check_state_by_time"),
                    models.Index(
                        condition=models.Q(("valid_to", None)),
                        fields=["organization", "status", "check_id"],
                        name="check_state_failing",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("valid_to", None)),
                        fields=("stream", "check_id"),
                        name="check_state_one_current",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(fields=("organization", "name"), name="credential_name_once"),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=["organization", "-created_at"], name="scan_by_time"),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=["host", "-created_at"], name="scan_by_host"),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(
                condition=models.Q(("status__in", ["failed", "cancelled"])),
                fields=["organization", "status", "-created_at"],
                name="scan_by_rare_status",
            ),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(
                condition=models.Q(
                    ("scan_type__in", ["on_demand", "provision", "verification", "imported", "re_evaluation"])
                ),
                fields=["organization", "scan_type", "-created_at"],
                name="scan_by_rare_type",
            ),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "running"])),
                fields=["status", "priority", "not_before"],
                name="scan_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(
                condition=models.Q(("policy__isnull", False), ("status", "completed")),
                fields=["policy", "finished_at"],
                name="scan_by_policy_and_time",
            ),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(
                condition=models.Q(("pruned_at", None), ("status", "completed")),
                fields=["finished_at"],
                name="scan_to_prune",
            ),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(
                condition=models.Q(("status", "completed")), fields=["stream", "-finished_at"], name="scan_by_stream"
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "completed"), _negated=True),
                    models.Q(("results__isnull", False), ("snapshot__isnull", False)),
                    ("pruned_at__isnull", False),
                    _connector="OR",
                ),
                name="scan_completed_has_results",
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status", "pending"), ("stream", None), models.Q(("scan_type", "re_evaluation"), _negated=True)
                ),
                fields=("host", "template", "profile"),
                name="scan_pending_once_outside_streams",
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "pending"), models.Q(("scan_type", "re_evaluation"), _negated=True)),
                fields=("stream",),
                name="scan_pending_once_in_stream",
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("scan_type", "re_evaluation"), ("status", "pending")),
                fields=("stream",),
                name="scan_re_evaluation_pending_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="scan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "running"), models.Q(("scan_type", "re_evaluation"), _negated=True)),
                fields=("host",),
                name="scan_one_collection_on_host",
            ),
        ),
        migrations.AddIndex(
            model_name="provisioningrun",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="provisioning_run_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="provisioningrun",
            constraint=models.UniqueConstraint(fields=("organization", "source_key"), name="provisioning_run_once"),
        ),
    ]
