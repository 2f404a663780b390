"""The stage on which scenes are played: recorded once, then replayed as often as a test wants, also with refusals."""

import os
import pickle
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import boto3
import botocore.session
from botocore.validate import ParamValidator
from moto import mock_aws

from cloudbench.engine import checks, collectors  # noqa: F401 - registers all
from cloudbench.engine.answers import plainly
from cloudbench.engine.collect import Collecting
from cloudbench.engine.evaluation import Evaluation, Outcome
from cloudbench.engine.inventory import Account, Inventory, key_of
from cloudbench.engine.plan import all_operations, plan_for
from cloudbench.engine.session import CallFailed, Denied, Session
from tests.cloudbench.scenes import ACCOUNT, REGION, SCENES, Answers, Aws, Scene, Verdicts

HOME = "us-east-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": REGION,
    "MOTO_ALLOW_NONEXISTENT_REGION": "false",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # 1300 images of others, made anew for each scene and region
}
_library = botocore.session.Session()
UNLIMITED = dict.fromkeys(_library.get_available_services(), 100_000.0)


class NotTold(AssertionError):
    """A scene's answers lack a call that the checks make."""


class Failing(NamedTuple):
    """A call that failed, as it is kept."""

    kind: type[CallFailed]
    code: str
    message: str
    status: int


@dataclass
class Recorder:
    """Makes calls by ``session`` and keeps what came of each."""

    session: Session
    home: str = HOME
    said: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def call(self, operation: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            answer = self.session.call(operation, region, params)
        except CallFailed as failure:
            self.said[operation, region, key_of(params)] = Failing(
                type(failure), failure.code, failure.message, failure.status
            )
            raise
        self.said[operation, region, key_of(params)] = answer
        return answer

    def next_page_rule(self, operation: str) -> Mapping[str, Any] | None:
        return self.session.next_page_rule(operation)

    def offers(self, service: str, region: str) -> bool:
        return True


@dataclass
class Replayer:
    """Answers as recorded or told; refuses every call of the operations in ``refused``."""

    said: Mapping[tuple[str, str, str], Any] | None
    told: Mapping[str, Any] | None = None
    refused: frozenset[str] = frozenset()
    home: str = HOME
    called: set[str] = field(default_factory=set)
    untold: list[str] = field(default_factory=list)

    def call(self, operation: str, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.called.add(operation)
        if operation in self.refused:
            raise Denied("AccessDeniedException", "this scene refuses it", 403)
        if operation == "sts.get_caller_identity":
            return {}
        answer = self._answer(operation, region, params)
        if isinstance(answer, Failing):
            raise answer.kind(answer.code, answer.message, answer.status)
        if isinstance(answer, CallFailed):
            raise answer
        return answer

    def _answer(self, operation: str, region: str, params: Mapping[str, Any]) -> Any:
        if self.said is not None:
            return self.said[operation, region, key_of(params)]
        assert self.told is not None
        if operation not in self.told:
            self.untold.append(operation)
            raise NotTold(operation)
        told = self.told[operation]
        answer = told(params) if callable(told) else told
        if not isinstance(answer, CallFailed):
            check_shape(operation, answer)
        return answer

    def next_page_rule(self, operation: str) -> Mapping[str, Any] | None:
        service, _, method = operation.partition(".")
        try:
            names = _library.get_paginator_model(service)._paginator_config
        except Exception:
            return None
        api = next((name for name in names if botocore.xform_name(name) == method), None)
        return names[api] if api else None

    def offers(self, service: str, region: str) -> bool:
        return True


def check_shape(operation: str, answer: Mapping[str, Any]) -> None:
    """Fail unless ``answer`` is of the output shape that AWS documents for ``operation``."""
    service, _, method = operation.partition(".")
    model = _library.get_service_model(service)
    api = next(name for name in model.operation_names if botocore.xform_name(name) == method)
    shape = model.operation_model(api).output_shape
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), f"{operation}: {report.generate_report()}"


@dataclass(frozen=True)
class Recording:
    """A scene that was played once."""

    scene: Scene
    verdicts: Verdicts
    regions: tuple[str, ...]
    at: datetime
    said: Mapping[tuple[str, str, str], Any] | None
    told: Mapping[str, Any] | None


SHELF: list[Path] = []
"""Where recordings lie for all processes of a test session, if there is such a place."""


@cache
def recorded(name: str) -> Recording:
    """Return the scene as it was played once, with every answer; a scene on moto is played once in a test session."""
    scene = SCENES[name]
    if not scene.on_moto:
        answers: Answers = scene.build()
        return Recording(scene, answers.verdicts, tuple(answers.regions), answers.at or now(), None, answers.says)
    kept = SHELF[0] / f"{name}.pickle" if SHELF else None
    if kept is not None and kept.exists():
        verdicts, at, said = pickle.loads(kept.read_bytes())
    else:
        verdicts, at, said = played_on_moto(scene)
        if kept is not None:
            half = kept.with_suffix(f".{os.getpid()}")
            half.write_bytes(pickle.dumps((verdicts, at, said)))
            half.rename(kept)
    return Recording(scene, verdicts, tuple(scene.regions), at, said, None)


def played_on_moto(scene: Scene) -> tuple[Verdicts, datetime, Mapping[tuple[str, str, str], Any]]:
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, ENVIRONMENT))
        stack.enter_context(mock_aws(config={"iam": {"load_aws_managed_policies": False}}))
        aws = clients()
        if not scene.keep_defaults:
            for region in {*scene.regions, HOME}:
                remove_defaults(aws("ec2", region))
        verdicts = scene.build(aws)
        recorder = Recorder(Session(operations=all_operations()))
        play(verdicts, recorder, tuple(scene.regions), now())
        return verdicts, now(), recorder.said


def clients() -> Aws:
    """Return what makes boto3 clients; the files that describe AWS are read once in a process."""
    session = botocore.session.Session()
    session.register_component("data_loader", _library.get_component("data_loader"))
    boto = boto3.Session(botocore_session=session)
    return lambda service, region=REGION: boto.client(service, region_name=region)


def now() -> datetime:
    return datetime.now(UTC)


def remove_defaults(ec2: Any) -> None:
    for vpc in ec2.describe_vpcs()["Vpcs"]:
        only = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        for subnet in ec2.describe_subnets(Filters=only)["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
        for gateway in ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]:
            ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
            ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
        ec2.delete_vpc(VpcId=vpc["VpcId"])


def play(check_ids: Iterable[str], caller: Any, regions: tuple[str, ...], at: datetime) -> dict[str, Outcome]:
    """Collect and evaluate; return {check id: outcome}."""
    plan = plan_for(check_ids)
    inventory = Inventory(account=Account(ACCOUNT), regions=regions, at=at)
    collecting = Collecting(plan, caller, inventory=inventory, caps=UNLIMITED, concurrency=4, pause=0.01)
    evaluation = Evaluation(plan, inventory)
    outcomes = {outcome.check_id: outcome for outcome in evaluation.begin()}
    for part in collecting:
        outcomes.update((outcome.check_id, outcome) for outcome in evaluation.absorb(part))
    return outcomes


def replayed(recording: Recording, check_ids: Iterable[str], *refused: str) -> tuple[dict[str, Outcome], Replayer]:
    """Play a recorded scene again, with the operations ``refused`` answered by a denial."""
    replayer = Replayer(recording.said, recording.told, frozenset(refused))
    outcomes = play(check_ids, replayer, recording.regions, recording.at)
    if replayer.untold:
        raise NotTold(f"the scene {recording.scene.name} tells no answer to {sorted(set(replayer.untold))}")
    return outcomes, replayer


__all__ = ["NotTold", "Recording", "check_shape", "plainly", "recorded", "replayed"]
