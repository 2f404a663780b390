"""Whom AWS writes to about the account. The API is in one region, as IAM's is."""

from cloudbench.engine.registry import Scope, listing

listing(
    "account.contact_information",
    "account.get_contact_information",
    scope=Scope.GLOBAL,
    items="ContactInformation",
    absent=("ResourceNotFoundException",),
    keep=("FullName", "CompanyName", "PhoneNumber", "AddressLine1", "CountryCode"),
)
listing(
    "account.security_contacts",
    "account.get_alternate_contact",
    scope=Scope.GLOBAL,
    params={"AlternateContactType": "SECURITY"},
    items="AlternateContact",
    absent=("ResourceNotFoundException",),
    keep=("Name", "Title", "EmailAddress", "PhoneNumber"),
)
