"""Every operation of the API, with input made up from its own description: no 5xx, and answers as declared.

``EXAMPLES`` in the environment makes more of them; the benchmark ``bad_input`` makes 20,000 requests.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from schemathesis import APIOperation, Case

from tests.borders.contract import CHECKS, OPERATIONS, Ground, stocked_ground, with_examples

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("EXAMPLES", "8"))


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any) -> Iterator[Ground]:
    with django_db_blocker.unblock(), stocked_ground() as made:
        yield made


@pytest.mark.parametrize("operation", [pytest.param(one, id=one.label.replace("/api/v1", "")) for one in OPERATIONS])
def test_whatever_is_sent_is_answered_as_declared(operation: APIOperation, ground: Ground) -> None:
    def answered(case: Case) -> None:
        case.validate_response(ground.answer(case), checks=CHECKS)

    with_examples(operation, EXAMPLES, answered)


def test_the_description_is_made_without_a_warning(tmp_path: Path) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "schema.yaml"))
