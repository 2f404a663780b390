"""What must hold of the account's place in an organization."""

from collections.abc import Iterator

from cloudbench.engine.findings import Finding
from cloudbench.engine.inventory import GLOBAL
from cloudbench.engine.registry import View, survey


@survey("account_in_organization", reads=("organizations.organization",))
def account_is_in_organization(view: View) -> Iterator[Finding]:
    """Fail when the account is in no organization. Source: DescribeOrganization, AWSOrganizationsNotInUseException."""
    found = view.in_region("organizations.organization", GLOBAL)
    words = f"The account is in the organization {found[0]['Id']}." if found else "The account is in no organization."
    attributes = {"Id": found[0]["Id"], "MasterAccountId": found[0]["MasterAccountId"]} if found else {}
    yield Finding(view.account.root_arn, GLOBAL, bool(found), words, view.account.id, attributes)
