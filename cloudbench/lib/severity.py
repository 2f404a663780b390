"""How grave a control is: as its publisher says, else as the gravest of its checks."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloudbench.lib.benchmarks import CheckText, Control, Severity

ORDER: tuple[Severity, ...] = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Gravity:
    """The severity of a control; ``derived`` when it is that of its checks. "" where nobody says any."""

    severity: str
    derived: bool


def gravity_of(control: Control, texts: Mapping[str, CheckText]) -> Gravity:
    """Return the publisher's severity of ``control``, else the highest of its checks'. Source: SPEC C6.

    ``texts`` are all checks by id; a check without text has no say.
    """
    if control.severity:
        return Gravity(control.severity, derived=False)
    said = {texts[check].severity for check in control.checks if check in texts}
    return Gravity(next((severity for severity in ORDER if severity in said), ""), derived=bool(said))
