"""Service Catalog: portfolios and the single accounts with which they are shared."""

from cloudbench.engine.inventory import Data, Resource
from cloudbench.engine.registry import detail, listing

listing(
    "servicecatalog.portfolios",
    "servicecatalog.list_portfolios",
    params={"PageSize": 20},
    items="PortfolioDetails",
    arn="{ARN}",
    label="Id",
    keep=("Id", "DisplayName"),
)


def _shares_with_accounts(portfolio: Resource) -> Data:
    return {"PortfolioId": portfolio["Id"], "Type": "ACCOUNT"}


detail(
    "servicecatalog.account_shares",
    "servicecatalog.describe_portfolio_shares",
    of="servicecatalog.portfolios",
    ask=_shares_with_accounts,
    items="PortfolioShareDetails",
    keep=("PrincipalId", "Type"),
    next_page=("PageToken", "NextPageToken"),
)
