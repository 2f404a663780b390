from typing import Any

from tests.cloudbench.scenes import ACCOUNT, REGION, Answers, Aws, Expected, Verdicts, on_answers, on_moto

SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
EVERYTHING = dict.fromkeys(SETTINGS, True)
THREE = EVERYTHING | {"RestrictPublicBuckets": False}


def block_account(aws: Aws, settings: dict[str, bool]) -> None:
    aws("s3control").put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=settings)


@on_moto()
def the_account_blocks_everything(aws: Aws) -> Verdicts:
    block_account(aws, EVERYTHING)
    return {"s3_account_block_public_access": Expected(good=["root"])}


@on_moto()
def the_account_blocks_three(aws: Aws) -> Verdicts:
    block_account(aws, THREE)
    return {"s3_account_block_public_access": Expected(bad=["root"])}


@on_moto()
def the_account_blocks_nothing(aws: Aws) -> Verdicts:
    return {"s3_account_block_public_access": Expected(bad=["root"])}


@on_answers
def access_points() -> Answers:
    blocks = {"closed": EVERYTHING, "half-open": THREE, "open": {}}
    says = {
        "s3control.list_access_points": {
            "AccessPointList": [{"Name": name, "NetworkOrigin": "Internet", "Bucket": "data"} for name in blocks]
        },
        "s3control.get_access_point": lambda params: {
            "Name": params["Name"], "PublicAccessBlockConfiguration": blocks[params["Name"]]
        },
    }  # fmt: skip
    bad = ["half-open", "open"]
    return Answers(says, {"s3_access_point_block_public_access": Expected(good=["closed"], bad=bad)})


@on_answers
def multi_region_access_points() -> Answers:
    def point(name: str, block: Any, status: str = "READY") -> dict[str, Any]:
        regions = [{"Bucket": "data", "Region": REGION}]
        alias = f"{name}.mrap"
        return {"Name": name, "Alias": alias, "Status": status, "PublicAccessBlock": block, "Regions": regions}

    points = [point("closed", EVERYTHING), point("half-open", THREE), point("leaving", {}, "DELETING")]
    says = {"s3control.list_multi_region_access_points": {"AccessPoints": points}}
    return Answers(says, {"s3_multi_region_access_point_block_public": Expected(good=["closed"], bad=["half-open"])})
