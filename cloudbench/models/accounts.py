import re
import secrets

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from organizations.models.owned import Owned, OwnedQuerySet
from organizations.models.secrets import EncryptedTextField

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}")


def new_external_id() -> str:
    """Return 128 random bits: what a role's trust policy asks for, so that nobody else can have us assume it."""
    return secrets.token_hex(16)


def validate_regions(regions: object) -> None:
    """Raise ValidationError unless ``regions`` is a list of region names such as eu-central-1."""
    if not isinstance(regions, list) or len(regions) > 60:
        raise ValidationError("Write a list of regions such as eu-central-1.")
    for region in regions:
        if not isinstance(region, str) or not REGION.fullmatch(region):
            raise ValidationError(f"{region!r} is no region; write one such as eu-central-1.")


class CloudAccountQuerySet(OwnedQuerySet):
    def connected(self) -> "CloudAccountQuerySet":
        return self.filter(removed_at=None)


class CloudAccount(Owned):
    """An AWS account and the way into it. It is removed, not deleted: what was found in it stays."""

    scope_paths = ("pk",)

    class Access(models.TextChoices):
        ROLE = "role", "Role with external id"
        KEYS = "keys", "Access keys"

    name = models.CharField(max_length=120)
    account_id = models.CharField(
        "account id", max_length=12, validators=[RegexValidator(r"\A\d{12}\Z", "An account id has 12 digits.")]
    )
    access = models.CharField(max_length=10, choices=Access, default=Access.ROLE)
    role_arn = models.CharField("role ARN", max_length=200, blank=True)
    external_id = models.CharField("external id", max_length=64, default=new_external_id, editable=False)
    access_key_id = models.CharField("access key id", max_length=128, blank=True)
    secret_access_key = EncryptedTextField(blank=True)
    session_token = EncryptedTextField(blank=True)
    regions = models.JSONField(
        default=list, blank=True, validators=[validate_regions],
        help_text="The regions to scan; none means all that the account has enabled.",
    )  # fmt: skip
    calls_per_second = models.FloatField(
        null=True, blank=True,
        help_text="At most so many calls a second to each service in a region; empty takes the shipped caps.",
    )  # fmt: skip
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CloudAccountQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "cloud account"
        default_permissions = ()
        permissions = [
            ("view_compliance", "See the account's benchmarks and results"),
            ("manage_compliance", "Run and cancel benchmarks of the account"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], condition=Q(removed_at=None), name="cloud_account_name_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "account_id"], condition=Q(removed_at=None), name="cloud_account_id_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name
