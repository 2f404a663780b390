"""The way to a connection's HCP Terraform or Terraform Enterprise, within the outbound policy."""

from dataclasses import replace

from django.conf import settings

from compliance.models import TerraformConnection
from compliance.providers.base import Forbidden
from compliance.providers.outbound import permit_address
from compliance.terraform.hcp import STATE, HcpClient
from organizations.lib.pinned_https import Address, Permit
from organizations.models.organizations import Organization


def client_of(connection: TerraformConnection) -> HcpClient:
    """Return the client of ``connection``; its organization is read with it.

    A state that is fetched may be as large as one that is posted: both are parsed alike.
    """
    return HcpClient(
        host=connection.host, token=connection.token, ca_certificate=connection.ca_certificate,
        permit=permit_for(connection.organization),
        long=replace(STATE, most_bytes=settings.STATE_DOCUMENT_BYTES, raised_by="STATE_DOCUMENT_MB"),
    )  # fmt: skip


def permit_for(organization: Organization) -> Permit:
    """Return what tells whether ``organization`` may connect to an address: loopback is the operator's alone."""

    def permit(address: Address) -> bool:
        try:
            permit_address(str(address), str(address), allow_loopback=organization.is_operator)
        except Forbidden:
            return False
        return True

    return permit
