"""The queue of calls under every kind of trouble: it ends, tells the truth, and asks for nothing twice."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from cloudbench.engine import checks, collectors  # noqa: F401 - registers all
from cloudbench.engine.collect import Cancelled, Collecting
from cloudbench.engine.evaluation import Evaluation
from cloudbench.engine.facts import line_of, parts_in
from cloudbench.engine.findings import Status
from cloudbench.engine.inventory import Account, Inventory, key_of
from cloudbench.engine.pace import Pace
from cloudbench.engine.plan import plan_for
from cloudbench.engine.registry import CHECKS, Scope
from cloudbench.engine.session import CredentialsRefused, Denied, Malformed, Passing, Throttled, TimedOut
from tests.cloudbench.stage import UNLIMITED, Replayer

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NORTH, SOUTH = "eu-north-1", "eu-south-1"
FLOW_LOGS, BUCKETS = "vpc_flow_logs", "s3_bucket_versioning"
VPC = {
    "VpcId": "vpc-1",
    "IsDefault": False,
    "State": "available",
    "OwnerId": "123456789012",
    "CidrBlock": "10.0.0.0/16",
}
FLOW = {"FlowLogId": "fl-1", "ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"}


class Script:
    """Plays AWS: ``says`` gives an operation's answer for (region, params, how many times it was asked before)."""

    home = "us-east-1"

    def __init__(self, **says):
        self.says = {name.replace("__", "."): answer for name, answer in says.items()}
        self.asked = []
        self.lock = threading.Lock()

    def call(self, operation, region, params):
        with self.lock:
            nth = sum(1 for asked in self.asked if asked == (operation, region, key_of(params)))
            self.asked.append((operation, region, key_of(params)))
        answer = self.says.get(operation, {})
        answer = answer(region, params, nth) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    next_page_rule = Replayer({}).next_page_rule

    def offers(self, service, region):
        return True


def collected(script, *check_ids, regions=(NORTH, SOUTH), **more):
    """Return ({check: outcome}, collecting, parts)."""
    plan = plan_for(check_ids)
    inventory = Inventory(account=Account("123456789012"), regions=regions, at=AT)
    collecting = Collecting(plan, script, inventory=inventory, **{"caps": UNLIMITED, "pause": 0.01, **more})
    evaluation = Evaluation(plan, inventory)
    outcomes = {outcome.check_id: outcome for outcome in evaluation.begin()}
    parts = []
    for part in collecting:
        parts.append(part)
        outcomes.update((outcome.check_id, outcome) for outcome in evaluation.absorb(part))
    return outcomes, collecting, parts


def networks(**more):
    return Script(**{"ec2__describe_vpcs": {"Vpcs": [VPC]}, "ec2__describe_flow_logs": {"FlowLogs": [FLOW]}, **more})


def first(trouble, answer):
    """Return an answer that comes only after ``trouble``."""
    return lambda region, params, nth: trouble if nth == 0 else answer


def test_every_call_is_made_once_and_only_those_that_the_plan_names():
    script = networks()
    outcomes, collecting, _ = collected(script, FLOW_LOGS)
    assert outcomes[FLOW_LOGS].status is Status.PASS
    assert max(Counter(script.asked).values()) == 1
    probes = {("sts.get_caller_identity", region, "") for region in (NORTH, SOUTH)}
    assert set(script.asked) - probes == set(collecting.log)
    assert {operation for operation, _, _ in collecting.log} == set(plan_for([FLOW_LOGS]).operations)
    assert collecting.tally.calls == len(script.asked)


def test_all_checks_together_ask_exactly_the_union_of_what_each_asks():
    """Empty answers everywhere: each listing is asked for once in each region, whatever many checks read it."""
    script = Script()
    plan = plan_for(CHECKS)
    collected(script, *CHECKS)
    listed = {one.operation for one in plan.collections if not one.of}
    asked = {operation for operation, _, _ in script.asked} - {"sts.get_caller_identity"}
    assert listed <= asked <= set(plan.operations)
    assert max(Counter(script.asked).values()) == 1
    regional = {
        one.operation for one in plan.collections if not one.of and one.scope is Scope.REGIONAL and not one.regions
    }
    for operation in regional:
        assert {region for name, region, _ in script.asked if name == operation} >= {NORTH, SOUTH}, operation


def test_throttled_calls_are_repeated_more_slowly_and_counted():
    vpcs = first(Throttled("RequestLimitExceeded", ""), {"Vpcs": [VPC]})
    outcomes, collecting, _ = collected(networks(ec2__describe_vpcs=vpcs), FLOW_LOGS)
    assert outcomes[FLOW_LOGS].status is Status.PASS
    assert collecting.tally.throttles == 2
    assert collecting.tally.repeats == 2


def test_a_storm_of_throttling_ends_as_an_error_that_says_so():
    clock = Ticking()
    script = networks(ec2__describe_flow_logs=Throttled("RequestLimitExceeded", ""))
    outcomes, collecting, _ = collected(script, FLOW_LOGS, regions=(NORTH,), clock=clock)
    assert outcomes[FLOW_LOGS].status is Status.ERROR
    assert "throttling ec2:DescribeFlowLogs" in outcomes[FLOW_LOGS].reason
    assert collecting.tally.throttles == 13


class Ticking:
    """A clock that runs a hundred times as fast."""

    def __init__(self):
        self.begun = time.monotonic()

    def __call__(self):
        return (time.monotonic() - self.begun) * 100


def test_a_denied_call_names_its_permission_and_the_rest_goes_on():
    script = networks(ec2__describe_flow_logs=Denied("UnauthorizedOperation", ""), s3__list_buckets={"Buckets": []})
    outcomes, _, _ = collected(script, FLOW_LOGS, BUCKETS)
    assert outcomes[FLOW_LOGS].status is Status.ERROR
    assert "ec2:DescribeFlowLogs is not permitted in eu-north-1" in outcomes[FLOW_LOGS].reason
    assert outcomes[BUCKETS].status is Status.SKIP


def test_one_unread_bucket_leaves_the_others_judged():
    buckets = {"Buckets": [{"Name": "good"}, {"Name": "locked"}]}

    def versioning(region, params, nth):
        return Denied("AccessDenied", "") if params["Bucket"] == "locked" else {"Status": "Enabled"}

    outcomes, _, _ = collected(Script(s3__list_buckets=buckets, s3__get_bucket_versioning=versioning), BUCKETS)
    assert outcomes[BUCKETS].status is Status.ERROR
    assert [finding.name for finding in outcomes[BUCKETS].findings] == ["good"]


def test_a_region_that_hangs_is_given_up_and_the_others_are_told():
    def identity(region, params, nth):
        return TimedOut("ReadTimeoutError", "") if region == SOUTH else {}

    script = networks(sts__get_caller_identity=identity)
    outcomes, _, _ = collected(script, FLOW_LOGS)
    assert outcomes[FLOW_LOGS].status is Status.ERROR
    assert "eu-south-1" in outcomes[FLOW_LOGS].reason and "eu-north-1" not in outcomes[FLOW_LOGS].reason
    assert not [asked for asked in script.asked if asked[0].startswith("ec2") and asked[1] == SOUTH]


def test_one_service_that_does_not_answer_leaves_its_region_to_the_others():
    def hang(region, params, nth):
        return TimedOut("ReadTimeoutError", "")

    script = networks(efs__describe_file_systems=hang)
    outcomes, _, _ = collected(script, FLOW_LOGS, "efs_file_system_encrypted", regions=(NORTH,))
    assert outcomes[FLOW_LOGS].status is Status.PASS
    assert outcomes["efs_file_system_encrypted"].status is Status.ERROR
    assert (
        "No answer to elasticfilesystem:DescribeFileSystems in eu-north-1"
        in outcomes["efs_file_system_encrypted"].reason
    )


def test_a_region_where_several_services_stop_answering_is_given_up():
    def hang(region, params, nth):
        return TimedOut("ReadTimeoutError", "") if region == SOUTH else {}

    plan = plan_for(CHECKS)
    names = {one.operation.replace(".", "__") for one in plan.collections if not one.of and one.scope is Scope.REGIONAL}
    script = Script(**{name: hang for name in names if name != "sts__get_caller_identity"})
    outcomes, _, _ = collected(script, *CHECKS, concurrency=4)
    tried = {operation for operation, region, _ in script.asked if region == SOUTH}
    assert len(tried) < len(names) / 2, "most were not tried any more"
    assert "eu-south-1" in outcomes[FLOW_LOGS].reason


def test_trouble_that_passes_is_not_shown():
    vpcs = first(Passing("InternalError", ""), {"Vpcs": [VPC]})
    outcomes, collecting, _ = collected(networks(ec2__describe_vpcs=vpcs), FLOW_LOGS, regions=(NORTH,))
    assert outcomes[FLOW_LOGS].status is Status.PASS
    assert collecting.tally.repeats == 1


def test_expired_credentials_end_all_calls_and_pass_nothing():
    gone = CredentialsRefused("ExpiredToken", "")
    state = {"calls": 0}

    def until_expired(answer):
        def says(region, params, nth):
            state["calls"] += 1
            return answer if state["calls"] < 4 else gone

        return says

    buckets = {"Buckets": [{"Name": f"b{n}"} for n in range(500)]}
    script = Script(
        s3__list_buckets=until_expired(buckets), s3__get_bucket_versioning=until_expired({"Status": "Enabled"}),
        sts__get_caller_identity=until_expired({}),
    )  # fmt: skip
    outcomes, collecting, _ = collected(script, BUCKETS, concurrency=8)
    assert outcomes[BUCKETS].status is Status.ERROR
    assert "did not accept the credentials" in outcomes[BUCKETS].reason
    assert collecting.tally.calls < 60, "it stops asking"


def test_one_service_that_refuses_good_credentials_does_not_end_the_others():
    script = networks(s3__list_buckets=CredentialsRefused("InvalidClientTokenId", ""))
    outcomes, _, _ = collected(script, FLOW_LOGS, BUCKETS)
    assert outcomes[BUCKETS].status is Status.ERROR
    assert outcomes[FLOW_LOGS].status is Status.PASS


@pytest.mark.parametrize("answer", [{"Vpcs": [{}]}, {"Vpcs": ["?"]}, {"Vpcs": 7}, Malformed("ResponseParserError", "")])
def test_a_malformed_answer_is_an_error_and_never_a_pass(answer):
    outcomes, _, _ = collected(networks(ec2__describe_vpcs=answer), FLOW_LOGS, regions=(NORTH,))
    assert outcomes[FLOW_LOGS].status is Status.ERROR
    assert outcomes[FLOW_LOGS].reason


def test_pages_are_followed_and_a_throttled_page_is_asked_for_again():
    def pages(region, params, nth):
        if params.get("NextToken") == "two" and nth == 0:
            return Throttled("RequestLimitExceeded", "")
        if params.get("NextToken") == "two":
            return {"Vpcs": [{**VPC, "VpcId": "vpc-2"}]}
        return {"Vpcs": [VPC], "NextToken": "two"}

    script = networks(ec2__describe_vpcs=pages)
    outcomes, _, _ = collected(script, FLOW_LOGS, regions=(NORTH,))
    assert {finding.name.rpartition("/")[2] for finding in outcomes[FLOW_LOGS].findings} >= {"vpc-1", "vpc-2"} or len(
        outcomes[FLOW_LOGS].findings
    ) == 2
    assert outcomes[FLOW_LOGS].status is Status.FAIL


def test_cancelling_stops_it():
    def slow(region, params, nth):
        time.sleep(0.02)
        return {"Status": "Enabled"}

    buckets = {"Buckets": [{"Name": f"b{n}"} for n in range(2_000)]}
    script = Script(s3__list_buckets=buckets, s3__get_bucket_versioning=slow)
    with pytest.raises(Cancelled):
        collected(script, BUCKETS, cancelled=lambda: True, concurrency=4)
    assert len(script.asked) < 1_000


def test_what_is_there_is_not_asked_for_again():
    script = networks()
    _, _, parts = collected(script, FLOW_LOGS)
    again = Script()
    stored = list(parts_in([line_of(part) for part in parts]))
    outcomes, collecting, _ = collected(again, FLOW_LOGS, have=stored)
    assert not again.asked and not collecting.log
    assert outcomes[FLOW_LOGS].status is Status.PASS


def test_a_pace_halves_when_throttled_and_recovers_to_its_cap():
    pace = Pace(cap=20.0)
    pace.was_throttled(0.0)
    assert pace.rate == 10.0 and pace.next_at > 0
    for _ in range(100):
        pace.went_well()
    assert pace.rate == 20.0


def test_no_service_is_called_faster_than_its_cap():
    buckets = {"Buckets": [{"Name": f"b{n}"} for n in range(60)]}
    script = Script(s3__list_buckets=buckets, s3__get_bucket_versioning={"Status": "Enabled"})
    begun = time.monotonic()
    collected(script, BUCKETS, caps={"s3": 40.0})
    assert time.monotonic() - begun > 61 / 40 - 1.0 - 0.1, "a second's worth may be caught up with"
