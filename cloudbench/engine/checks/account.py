"""What must be known about the people behind the account."""

from collections.abc import Callable, Iterator

from cloudbench.engine.findings import Finding, Verdict, failed, passed
from cloudbench.engine.inventory import GLOBAL, Resource
from cloudbench.engine.registry import View, survey

NEEDED = ("CompanyName", "PhoneNumber", "AddressLine1", "CountryCode")
"""CIS AWS Foundations 1.1 wants contacts that reach the organization, not one person; a company name tells which."""


@survey("account_contact_details_current", reads=("account.contact_information",))
def contact_details_are_complete(view: View) -> Iterator[Finding]:
    """Fail when the account's contact lacks a company, a telephone number or an address, or when there is none.

    Whether they are still true, no API tells. Source: GetContactInformation.
    """
    yield from _about_account(view, "account.contact_information", _contact)


@survey("account_security_contact_registered", reads=("account.security_contacts",))
def security_contact_is_registered(view: View) -> Iterator[Finding]:
    """Fail when there is no alternate contact for security. Source: GetAlternateContact of type SECURITY."""
    yield from _about_account(view, "account.security_contacts", _security_contact)


def _about_account(view: View, collection: str, judge: Callable[[Resource | None], Verdict]) -> Iterator[Finding]:
    rows = view.in_region(collection, GLOBAL)
    said = judge(rows[0] if rows else None)
    yield Finding(view.account.root_arn, GLOBAL, said.passed, said.words, view.account.id, said.attributes)


def _contact(contact: Resource | None) -> Verdict:
    if contact is None:
        return failed("The account has no contact information.")
    missing = [name for name in NEEDED if not contact.get(name)]
    if missing:
        return failed(f"The contact information lacks {', '.join(missing)}.", Missing=missing)
    words = f"The contact names {contact['CompanyName']}, with a telephone number and an address."
    return passed(words, CompanyName=contact["CompanyName"])


def _security_contact(contact: Resource | None) -> Verdict:
    if contact is None:
        return failed("No alternate contact for security is registered.")
    words = f"{contact['EmailAddress']} is registered as the contact for security."
    return passed(words, Title=contact.get("Title", ""))
