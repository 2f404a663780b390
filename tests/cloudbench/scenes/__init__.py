"""Scenes: small accounts with known faults, and which resources each check must pass and fail in them.

A scene on moto builds real requests against a simulated AWS; one on answers says what AWS would say, in AWS's own
output shapes, for what moto does not have. A scene is a function; its name and module name it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REGION = "eu-central-1"
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Expected:
    """Names, ids or ARNs of the resources that pass and fail: each is the finding's name, its ARN or the end of it."""

    good: Sequence[str] = ()
    bad: Sequence[str] = ()


Aws = Callable[..., Any]
"""aws("s3") is a boto3 client in REGION; aws("s3", "us-east-1") one elsewhere."""
Verdicts = Mapping[str, Expected]


@dataclass(frozen=True)
class Answers:
    """What AWS answers: {"ec2.describe_vpcs": answer}, where an answer is a dict, a function of the parameters that
    returns one, or a CallFailed to raise. Checked against AWS's output shapes. ``at``: the time of collection.
    """

    says: Mapping[str, Any]
    verdicts: Verdicts
    at: datetime | None = None
    regions: Sequence[str] = (REGION,)


@dataclass(frozen=True)
class Scene:
    name: str
    build: Callable[..., Any]
    on_moto: bool
    regions: Sequence[str] = (REGION,)
    keep_defaults: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


SCENES: dict[str, Scene] = {}


def on_moto(*, regions: Sequence[str] = (REGION,), keep_defaults: bool = False) -> Callable[..., Any]:
    """Register a scene that is built on moto: a function of ``aws`` that returns the verdicts.

    The default VPC with its subnets, gateway and network ACL is removed before, unless ``keep_defaults``.
    """

    def register(build: Callable[[Aws], Verdicts]) -> Callable[[Aws], Verdicts]:
        _add(Scene(_name(build), build, True, regions, keep_defaults))
        return build

    return register


def on_answers(build: Callable[[], Answers]) -> Callable[[], Answers]:
    """Register a scene that is told: a function that returns Answers."""
    _add(Scene(_name(build), build, False))
    return build


def _name(build: Callable[..., Any]) -> str:
    return f"{build.__module__.rpartition('.')[2]}.{build.__name__}"


def _add(scene: Scene) -> None:
    assert scene.name not in SCENES, f"two scenes are called {scene.name}"
    SCENES[scene.name] = scene
