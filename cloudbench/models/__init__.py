"""The models of cloudbench."""

from cloudbench.models.accounts import CloudAccount
from cloudbench.models.benchmarks import Benchmark
from cloudbench.models.custom_controls import CustomControl, CustomResult
from cloudbench.models.runs import ControlState, Run
from cloudbench.models.schedules import Schedule
from cloudbench.models.snapshots import CheckResult, FactBundle, Snapshot

__all__ = [
    "Benchmark",
    "CheckResult",
    "CloudAccount",
    "ControlState",
    "CustomControl",
    "CustomResult",
    "FactBundle",
    "Run",
    "Schedule",
    "Snapshot",
]
