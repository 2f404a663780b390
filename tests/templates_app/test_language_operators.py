"""Operators: what satisfies an expectation, and what can never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.language.observations import FileMode
from templates_app.language.operators import OPERATORS, Unfit

FILE = FileMode(0o640, 0, 42, "root", "shadow")


@pytest.mark.parametrize(
    ("operator", "operand", "value", "holds"),
    [
        ("eq", "0", "0", True),
        ("eq", 0, "0", True),
        ("eq", "no", "No", False),
        ("ieq", "no", "No", True),
        ("ne", "1", "0", True),
        ("in", ["a", "b"], ("a", "b"), True),
        ("in", ["a"], ("a", "b"), False),
        ("none_in", ["3des-cbc"], ("aes128-ctr", "3des-cbc"), False),
        ("ge", 14, "14", True),
        ("ge", 14, "9", False),
        ("lt", 5, "10", False),
        ("range", [1, 900], "900", True),
        ("range", [1, 900], "0", False),
        ("range", [1, 900], "901", False),
        ("superset", ["nodev", "nosuid"], ("rw", "nodev", "nosuid"), True),
        ("subset", ["a", "b"], ("a",), True),
        ("set_eq", ["root"], ("root", "toor"), False),
        ("unique", True, ("1", "1"), False),
        ("mode_max", "0640", FILE, True),
        ("mode_max", "0600", FILE, False),
        ("mode_max", "0755", FileMode(0o4755, 0, 0, "root", "root"), False),
        ("no_bits", "0022", FileMode(0o740, 0, 0, "root", "root"), True),
        ("umask_min", "027", "027", True),
        ("umask_min", "027", "077", True),
        ("umask_min", "027", "022", False),
        ("stat_max", {"mode": "0640", "owner": "root", "group": ["shadow", "root"]}, FILE, True),
        ("stat_max", {"mode": "0640", "owner": "root", "group": ["root"]}, FILE, False),
        ("stat_max", {"group": ["42"]}, FILE, True),
        ("match", "^a+$", "aaa", True),
        ("not_match", "b", "aaa", True),
    ],
)
def test_operator(operator, operand, value, holds):
    assert OPERATORS[operator].prepare(operand)(value) is holds


@pytest.mark.parametrize(
    ("operator", "operand"),
    [
        ("eq", ["a"]), ("in", []), ("in", "a"), ("ge", "many"), ("range", [3, 1]), ("range", [1]), ("match", "("),
        ("mode_max", "9999"), ("umask_min", "99"), ("stat_max", {}), ("stat_max", {"colour": "red"}),
        ("unique", False),
    ],
)  # fmt: skip
def test_operand_that_means_nothing_is_refused(operator, operand):
    with pytest.raises(Unfit):
        OPERATORS[operator].prepare(operand)


@pytest.mark.parametrize(("operator", "operand", "value"), [
    ("ge", 14, "fourteen"), ("umask_min", "027", "027022"), ("range", [1, 2], ""), ("mode_max", "0640", "rw-r-----"),
])  # fmt: skip
def test_value_that_cannot_be_read_is_no_pass(operator, operand, value):
    with pytest.raises(Unfit):
        OPERATORS[operator].prepare(operand)(value)


@given(st.integers(0, 0o7777), st.integers(0, 0o7777))
def test_mode_at_most_means_no_bit_beyond(allowed, mode):
    judge = OPERATORS["mode_max"].prepare(f"{allowed:04o}")
    assert judge(FileMode(mode, 0, 0, "root", "root")) is (mode | allowed == allowed)


@given(st.lists(st.text(max_size=5)), st.lists(st.text(max_size=5), min_size=1))
def test_superset_and_subset_are_mirrors(value, operand):
    has_all = OPERATORS["superset"].prepare(operand)(tuple(value))
    assert has_all is (set(operand) <= set(value))


@pytest.mark.timeout(5)
def test_a_hostile_pattern_cannot_hold_the_interpreter():
    assert OPERATORS["match"].prepare("^(a+)+$")("a" * 50_000 + "!") is False
