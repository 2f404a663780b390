"""What Inspector scans in the account: without ids AWS tells of the caller's own."""

from cloudbench.engine.registry import listing

listing(
    "inspector2.account_statuses",
    "inspector2.batch_get_account_status",
    items="accounts",
    keep=("accountId", "state", "resourceState"),
)
