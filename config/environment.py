"""Typed readers of the environment: NAME, or NAME_FILE for what should not stand in it; a wrong value is a sentence."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")

environment = environ.FileAwareEnv()


def read(name: str, reader: Callable[[str], Value], default: Value, expected: str) -> Value:
    """Return the setting ``name`` (or the content of the file that ``name``_FILE names), or ``default`` when unset.

    Raises ImproperlyConfigured, saying what was ``expected``, when ``reader`` refuses the text with ValueError.
    """
    try:
        text = environment.str(name, default="").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {error.strerror}.") from error
    if not text:
        return default
    try:
        return reader(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"The setting {name} must be {expected}.") from error


def text(name: str, default: str = "") -> str:
    """Read a text."""
    return read(name, str, default, "text")


def number(name: str, default: int, *, at_least: int = 0) -> int:
    """Read a whole number that is ``at_least`` so large."""

    def bounded(value: str) -> int:
        if int(value) < at_least:
            raise ValueError(value)
        return int(value)

    return read(name, bounded, default, f"a whole number of at least {at_least}")


def switch(name: str, default: bool) -> bool:
    """Read true or false."""

    def either(value: str) -> bool:
        return {
            "true": True,
            "1": True,
            "yes": True,
            "on": True,
            "false": False,
            "0": False,
            "no": False,
            "off": False,
        }[value.lower()]

    def reader(value: str) -> bool:
        try:
            return either(value)
        except KeyError as error:
            raise ValueError(value) from error

    return read(name, reader, default, "true or false")


def choice(name: str, known: tuple[str, ...], default: str) -> str:
    """Read one of the words in ``known``."""

    def one_of(value: str) -> str:
        if value not in known:
            raise ValueError(value)
        return value

    return read(name, one_of, default, f"one of {', '.join(known)}")


def names(name: str, default: list[str]) -> list[str]:
    """Read a comma-separated list."""
    return read(
        name,
        lambda value: [part.strip() for part in value.split(",") if part.strip()],
        default,
        "a list",
    )


def url(name: str, schemes: tuple[str, ...]) -> str:
    """Read an address with one of ``schemes``; empty when unset."""

    def with_scheme(value: str) -> str:
        if value.partition("://")[0] not in schemes:
            raise ValueError(value)
        return value

    return read(
        name,
        with_scheme,
        "",
        f"an address that begins with {' or '.join(f'{s}://' for s in schemes)}",
    )


def data_directory(name: str, default: Path) -> Path:
    """Return the directory that ``name`` names, made with mode 0700 when it is not there yet."""
    path = Path(text(name, str(default))).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"The data directory {path} cannot be made: {error.strerror}.") from error
    return path


def kept_secret(name: str, path: Path, make: Callable[[], str]) -> str:
    """Return the setting ``name``, or the content of ``path``, which is made with mode 0600 on the first start."""
    given = text(name)
    if given:
        return given
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _settled(path)
    except OSError as error:
        raise ImproperlyConfigured(f"The file {path} for {name} cannot be written: {error.strerror}.") from error
    with os.fdopen(handle, "w") as file:
        file.write(make())
    return _settled(path)


def _settled(path: Path) -> str:
    content = path.read_text().strip()
    if not content:
        raise ImproperlyConfigured(f"The file {path} is empty; delete it to have a new one made, or restore it.")
    return content


def new_secret_key() -> str:
    """Return a random key for signing."""
    return secrets.token_urlsafe(64)
