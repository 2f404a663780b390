"""A trial: one definition held against the facts of one host, before it stands in any template."""

from collections.abc import Mapping
from typing import Any

from templates_app.language.compilation import compile_check
from templates_app.language.evaluate import benchmark_of, evaluate_one
from templates_app.language.facts import Facts
from templates_app.language.plain import plain_problems
from templates_app.language.problems import Problems, read_check
from templates_app.language.results import Result


def try_check(definition: Any, facts: Facts, values: Mapping[str, Any]) -> tuple[Result | None, Problems]:
    """Return the result of ``definition`` on ``facts`` and no problems, or None and every problem by its place.

    ``values`` are the template's values by name: {"firewall": "nftables"}.
    """
    problems = plain_problems(definition)
    if problems:
        return None, problems
    check, problems = read_check(definition, values)
    if check is None:
        return None, problems
    host = facts.os.pretty_name or facts.os.id or "an unknown system"
    benchmark = benchmark_of(facts.os)
    if benchmark is None:
        return None, {"os": f"no benchmark fits this host: it runs {host}"}
    compiled = compile_check(check, benchmark, values)
    if compiled is None:
        return None, {"os": f"the check says nothing about this host: it runs {host}"}
    return evaluate_one(compiled, facts), {}
