from tests.cloudbench.scenes import ACCOUNT, Aws, Expected, Verdicts, on_moto

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


@on_moto()
def account_in_an_organization(aws: Aws) -> Verdicts:
    aws("organizations").create_organization(FeatureSet="ALL")
    return {"account_in_organization": Expected(good=[ROOT])}


@on_moto()
def account_on_its_own(aws: Aws) -> Verdicts:
    return {"account_in_organization": Expected(bad=[ROOT])}
