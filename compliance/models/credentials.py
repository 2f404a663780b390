import ipaddress

from django.core.exceptions import ValidationError
from django.db import models

from organizations.models.owned import Owned
from organizations.models.secrets import EncryptedTextField


def validate_networks(networks: object) -> None:
    """Raise ValidationError unless ``networks`` is a list of IP networks such as 10.0.0.0/8."""
    if not isinstance(networks, list):
        raise ValidationError("Write a list of networks such as 10.0.0.0/8.")
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValidationError(f"{network!r} is no network; write one such as 10.0.0.0/8.") from None


class Credential(Owned):
    """How to log in to hosts over SSH. Its secrets are encrypted and never shown again."""

    class Sudo(models.TextChoices):
        AUTO = "auto", "Whatever works without asking"
        NONE = "none", "No sudo"
        NOPASSWD = "nopasswd", "sudo without a password"
        PASSWORD = "password", "sudo with a password"

    name = models.CharField(max_length=120)
    username = models.CharField("user name", max_length=64)
    private_key = EncryptedTextField(blank=True)
    passphrase = EncryptedTextField(blank=True)
    password = EncryptedTextField(blank=True)
    sudo = models.CharField(max_length=10, choices=Sudo, default=Sudo.AUTO)
    sudo_password = EncryptedTextField(blank=True)
    groups = models.ManyToManyField(
        "compliance.HostGroup", blank=True, help_text="Only hosts of these groups may use it; none means all."
    )
    networks = models.JSONField(
        default=list, blank=True, validators=[validate_networks],
        help_text="Only hosts with an address in these networks may use it; none means all.",
    )  # fmt: skip

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="credential_name_once")]

    def __str__(self) -> str:
        return self.name
