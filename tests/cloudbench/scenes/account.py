from datetime import UTC, datetime
from typing import Any

from cloudbench.engine.session import CallFailed
from tests.cloudbench.scenes import ACCOUNT, Answers, Aws, Expected, Verdicts, on_answers, on_moto

NOON = datetime(2025, 6, 30, 12, 0, tzinfo=UTC)
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
CONTACT = {
    "FullName": "Security Desk",
    "CompanyName": "Example GmbH",
    "PhoneNumber": "+4930123456",
    "AddressLine1": "Hauptstrasse 1",
    "City": "Berlin",
    "CountryCode": "DE",
    "PostalCode": "10115",
}


def contact(told: Any, expected: Expected) -> Answers:
    return Answers({"account.get_contact_information": told}, {"account_contact_details_current": expected}, at=NOON)


@on_answers
def contact_of_a_company() -> Answers:
    return contact({"ContactInformation": CONTACT}, Expected(good=[ROOT]))


@on_answers
def contact_of_one_person() -> Answers:
    person = {name: value for name, value in CONTACT.items() if name != "CompanyName"}
    return contact({"ContactInformation": person}, Expected(bad=[ROOT]))


@on_answers
def contact_missing() -> Answers:
    return contact(CallFailed("ResourceNotFoundException", "no contact information", 404), Expected(bad=[ROOT]))


@on_moto()
def security_contact(aws: Aws) -> Verdicts:
    aws("account").put_alternate_contact(
        AlternateContactType="SECURITY",
        EmailAddress="security@example.com",
        Name="Security Desk",
        PhoneNumber="+4930123456",
        Title="On call",
    )
    return {"account_security_contact_registered": Expected(good=[ROOT])}


@on_moto()
def only_a_billing_contact(aws: Aws) -> Verdicts:
    aws("account").put_alternate_contact(
        AlternateContactType="BILLING", EmailAddress="b@example.com", Name="B", PhoneNumber="+49301", Title="T"
    )
    return {"account_security_contact_registered": Expected(bad=[ROOT])}
