"""What must hold of access points, and of the account's public access block."""

from collections.abc import Iterator

from cloudbench.engine.checks.exposure import SETTINGS
from cloudbench.engine.findings import Finding, Verdict, failed, passed
from cloudbench.engine.inventory import GLOBAL, Data, Resource
from cloudbench.engine.registry import View, check, survey

ACCOUNT_BLOCKS = "s3control.account_public_access_blocks"
BLOCKS = "s3control.access_point_public_access_blocks"
GONE = ("DELETING", "CREATING", "PARTIALLY_DELETED")
"""States in which nobody can use a multi-Region access point."""


def _judged(block: Resource | Data | None) -> Verdict:
    lacking = [name for name in SETTINGS if not (block and block.get(name))]
    if lacking:
        return failed(f"Public access is not blocked in full; off: {', '.join(lacking)}.", lacking=lacking)
    return passed("All four settings that block public access are on.")


@survey("s3_account_block_public_access", reads=(ACCOUNT_BLOCKS,))
def account_blocks_public_access(view: View) -> Iterator[Finding]:
    """Fail an account of which not all four settings are on, or none was ever made. Source: GetPublicAccessBlock."""
    blocks = view.in_region(ACCOUNT_BLOCKS, GLOBAL)
    said = _judged(blocks[0] if blocks else None)
    yield Finding(view.account.root_arn, GLOBAL, said.passed, said.words, view.account.id, said.attributes)


@check("s3_access_point_block_public_access", over="s3control.access_points", reads=(BLOCKS,))
def access_point_blocks_public_access(point: Resource, view: View) -> Verdict:
    """Fail an access point of which not all four settings are on. Source: GetAccessPoint."""
    return _judged(view.one_of(BLOCKS, point))


@check("s3_multi_region_access_point_block_public", over="s3control.multi_region_access_points")
def multi_region_access_point_blocks_public_access(point: Resource, view: View) -> Verdict | None:
    """Fail a multi-Region access point of which not all four settings are on; they can never be changed later.

    One that is being made or deleted is left out. Source: ListMultiRegionAccessPoints, PublicAccessBlock.
    """
    if point.get("Status") in GONE:
        return None
    return _judged(point.get("PublicAccessBlock"))
