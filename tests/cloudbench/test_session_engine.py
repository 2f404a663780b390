"""Calls to what stands in the place of AWS."""

from cloudbench.engine.session import Keys, Session
from tests.peers.moto import ACCOUNT, Moto

pytest_plugins = ("tests.peers.moto",)

BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def test_calls_that_botocore_sends_to_a_name_with_the_account_in_it_reach_the_endpoint(moto: Moto) -> None:
    session = Session(keys=Keys("AKIATESTS", "tests"), endpoint_url=moto.url)
    asked = {"AccountId": ACCOUNT}
    session.call(
        "s3control.put_public_access_block", "eu-central-1", {**asked, "PublicAccessBlockConfiguration": BLOCK}
    )
    answer = session.call("s3control.get_public_access_block", "eu-central-1", asked)
    assert answer["PublicAccessBlockConfiguration"] == BLOCK
