"""Reading single values out of a resource's attributes, whatever they are: parsed JSON, so dicts and lists."""

from collections.abc import Iterator

MOST_LEAVES = 256
"""Values read at one path; the longest real list, a guest's addresses, has a few dozen."""

Path = tuple[str, ...]
Step = tuple[object, object]
"""A value and what is secret in it: True for all of it, or a mapping or list of the same shape."""


def values_at(attributes: object, secret: object, path: Path) -> Iterator[object]:
    """Yield the single values at ``path``, lists within lists flattened, without those that are marked as secret.

    A part of ``path`` is a name, an index, or "*" for every element. A block of one may be a list or an object.
    """
    if len(path) == 1 and not secret and isinstance(attributes, dict):  # nearly all there is to read
        value = attributes.get(path[0])
        if isinstance(value, str | int):
            yield value
            return
    level: list[Step] = [(attributes, secret)]
    for part in path:
        level = [step for value, mark in level if mark is not True for step in steps(value, mark, part)]
        if not level:
            return
    yield from leaves(level)


def steps(value: object, secret: object, part: str) -> Iterator[Step]:
    """Yield what ``part`` names in ``value``."""
    if isinstance(value, dict):
        if part in value:
            yield value[part], marked(secret, part)
        elif part in ("0", "*"):
            yield value, secret
    elif isinstance(value, list):
        if part == "*":
            yield from ((inner, marked(secret, index)) for index, inner in enumerate(value[:MOST_LEAVES]))
        elif part.isdecimal() and int(part) < len(value):
            yield value[int(part)], marked(secret, int(part))


def leaves(level: list[Step]) -> Iterator[object]:
    """Yield the single values of ``level`` in order; objects and nulls are none."""
    waiting = level[::-1]
    for _ in range(4 * MOST_LEAVES):
        if not waiting:
            return
        value, secret = waiting.pop()
        if secret is True or value is None or isinstance(value, dict):
            continue
        if isinstance(value, list):
            inner = [(one, marked(secret, index)) for index, one in enumerate(value[:MOST_LEAVES])]
            waiting += inner[::-1]
        else:
            yield value


def marked(secret: object, key: str | int) -> object:
    """Return what is secret in the value at ``key``."""
    if isinstance(secret, dict):
        return secret.get(key, False)
    if isinstance(secret, list):
        return secret[key] if isinstance(key, int) and key < len(secret) else False
    return secret is True
