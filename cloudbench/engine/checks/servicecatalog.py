"""What must hold of Service Catalog's portfolios."""

from cloudbench.engine.findings import Verdict, verdict
from cloudbench.engine.inventory import Resource
from cloudbench.engine.registry import View, check


@check(
    "servicecatalog_portfolio_shared_in_org",
    over="servicecatalog.portfolios",
    reads=("servicecatalog.account_shares",),
)
def stays_in_organization(portfolio: Resource, view: View) -> Verdict:
    """Fail if a portfolio is shared with single accounts instead of the organization or parts of it.

    A portfolio that is not shared at all passes. Source: DescribePortfolioShares with Type ACCOUNT, PrincipalId.
    """
    accounts = sorted(share["PrincipalId"] for share in view.all_of("servicecatalog.account_shares", portfolio))
    return verdict(
        not accounts,
        "The portfolio is shared with no single account.",
        f"The portfolio is shared with single accounts: {', '.join(accounts)}.",
        PrincipalIds=accounts,
    )
