from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Expected, on_answers


@on_answers
def portfolios_shared_with_accounts_and_not() -> Answers:
    def shares(params: dict[str, Any]) -> dict[str, Any]:
        assert params["Type"] == "ACCOUNT"
        if params["PortfolioId"] == "port-inside":
            return {"PortfolioShareDetails": []}
        if "PageToken" not in params:
            return {"PortfolioShareDetails": [], "NextPageToken": "2"}
        return {"PortfolioShareDetails": [{"PrincipalId": "210987654321", "Type": "ACCOUNT", "Accepted": True}]}

    return Answers(
        says={
            "servicecatalog.list_portfolios": {
                "PortfolioDetails": [
                    {"Id": name, "ARN": f"arn:aws:catalog:{REGION}:{ACCOUNT}:portfolio/{name}", "DisplayName": name}
                    for name in ("port-inside", "port-outside")
                ]
            },
            "servicecatalog.describe_portfolio_shares": shares,
        },
        verdicts={"servicecatalog_portfolio_shared_in_org": Expected(good=["port-inside"], bad=["port-outside"])},
    )
