"""20,000 requests that the API's own description makes up, good and bad: none may be answered with an error of ours.

Every operation gets as many, as an admin, on PostgreSQL, which takes less than SQLite does; half of the ids in them
name rows that exist. ``BENCH_REQUESTS=2000`` makes fewer.
"""

import logging
import math
import os
import subprocess
import sys
from time import perf_counter

if "BENCH_INNER" not in os.environ:
    from tests.peers.postgres import running_postgres

    with running_postgres() as url:
        inner = {**os.environ, "BENCH_INNER": "1", "TEST_DATABASE_URL": url}
        sys.exit(subprocess.run([sys.executable, "-m", "tests.bench.bad_input"], env=inner).returncode)

from tests.bench import ground

ground.set_up()
logging.disable(logging.CRITICAL)

from schemathesis import Case  # noqa: E402
from schemathesis.core.failures import Failure, FailureGroup  # noqa: E402

from tests.borders.contract import CHECKS, OPERATIONS, Ground, stocked_ground, with_examples  # noqa: E402

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "20000"))


def undeclared(made: Ground) -> dict[str, str]:
    """Meet every operation; return {request: what is wrong with its answer}."""
    wrong: dict[str, str] = {}

    def judged(case: Case) -> None:
        response = made.answer(case)
        try:
            case.validate_response(response, checks=CHECKS)
        except (Failure, FailureGroup) as failure:
            wrong.setdefault(f"{case.operation.label}, answered {response.status_code}", str(failure))

    for operation in OPERATIONS:
        with_examples(operation, math.ceil(REQUESTS / len(OPERATIONS)), judged)
    return wrong


started = perf_counter()
with stocked_ground() as made:
    wrong = undeclared(made)
seconds, requests = perf_counter() - started, sum(made.answers.values())
by_class = {f"{kind}xx": sum(n for code, n in made.answers.items() if code // 100 == kind) for kind in (2, 4, 5)}
ground.tell("requests with input made from the schema", f"{requests:,} on {len(OPERATIONS)} operations")
ground.tell("they took", f"{seconds:.0f} s, {seconds / requests * 1000:.0f} ms each with making and judging")
ground.tell("answers", ", ".join(f"{kind}: {count:,}" for kind, count in by_class.items()))
ground.tell("answers 5xx", by_class["5xx"], "0")
ground.tell("answers other than declared", len(wrong), "0")
for request, words in wrong.items():
    sys.stdout.write(f"\n{request}: {words}\n")
sys.exit(1 if wrong or by_class["5xx"] else 0)
