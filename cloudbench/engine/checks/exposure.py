"""Whether a bucket is open to everyone. Pure: its ACL, its policy and the public access blocks that apply, together.

    public_access(acl=..., policy=..., blocks=...)    what lets anyone in, as words; empty means nothing does
    in_force(blocks, setting)                         whether one of the blocks has a setting on

Source: "Blocking public access to your Amazon S3 storage": the strictest of all blocks holds; IgnorePublicAcls takes
back public ACLs, RestrictPublicBuckets public policies; the two BlockPublic... settings only keep new ones out.
"""

from collections.abc import Callable, Iterable, Mapping

from cloudbench.engine.checks.policies import Statement, public_grants
from cloudbench.engine.inventory import Resource

SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
GROUPS: Mapping[str, str] = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "everyone",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "every AWS user",
}
READING, WRITING = frozenset({"READ", "FULL_CONTROL"}), frozenset({"WRITE", "WRITE_ACP", "FULL_CONTROL"})
ANY_PERMISSION = READING | WRITING | {"READ_ACP"}


def in_force(blocks: Iterable[Resource], setting: str) -> bool:
    """Return whether ``setting`` is on in one of the blocks, of the bucket or the account."""
    return any(block.get(setting) for block in blocks)


def public_access(
    *, acl: Resource | None, policy: Resource | None, blocks: list[Resource],
    permissions: frozenset[str] = ANY_PERMISSION, grants: Callable[[Statement], bool] = lambda _: True,
) -> list[str]:  # fmt: skip
    """Return what gives anyone one of ``permissions`` by ACL, or a statement that ``grants`` by policy."""
    found = []
    if not in_force(blocks, "IgnorePublicAcls"):
        found += [f"its ACL grants {permission} to {group}" for group, permission in public_acl(acl, permissions)]
    if not in_force(blocks, "RestrictPublicBuckets"):
        document = policy.get("Policy") if policy else None
        found += [
            f"its policy allows anyone {', '.join(one.actions) or 'almost everything'}"
            for one in public_grants(document)
            if grants(one)
        ]
    return found


def public_acl(acl: Resource | None, permissions: frozenset[str]) -> list[tuple[str, str]]:
    """Return (who, permission) of each grant to everyone or to every AWS user."""
    return [
        (GROUPS[grant["Grantee"]["URI"]], grant["Permission"])
        for grant in (acl.get("Grants") or () if acl else ())
        if grant["Grantee"].get("URI") in GROUPS and grant["Permission"] in permissions
    ]
