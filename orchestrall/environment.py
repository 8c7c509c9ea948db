"""Typed reading of the environment and of `.env`. A bad value stops the start with its name and what is allowed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

KNOWN: set[str] = set()


def load_dotenv(path: Path) -> None:
    """Put `NAME=value` lines of `path` into the environment; what is set there already wins."""
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator or not name.strip().isidentifier():
            raise ImproperlyConfigured(f"{path.name}, line {number}: expected NAME=value.")
        os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def use_test_state(base_dir: Path) -> None:
    """Give a process of the tests a database of its own, under `var/test` unless ORCHESTRALL_VAR says otherwise.

    pytest-django reads the settings before any conftest is imported, so a conftest would say this too late.
    """
    os.environ.setdefault("ORCHESTRALL_VAR", str(base_dir / "var" / "test"))
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    # Not a default: workers inherit the variables of the process that started them.
    os.environ["EMBEDDED_DATABASE"] = f"test_{worker}_{os.getpid()}"
    os.environ.setdefault("DATABASE_POOL_SIZE", "40")
    # What somebody has set for a running product (keys of real providers!) is none of the tests' business.
    os.environ["ENV_FILE"] = os.devnull


def text(name: str, default: str = "") -> str:
    """Return the variable; a secret may also stand in the file that `NAME_FILE` names."""
    KNOWN.add(name)
    value = os.environ.get(name)
    if value is not None:
        return value
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: {file} cannot be read: {error.strerror}.") from error
    return default


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")
    return value


def boolean(name: str, default: bool) -> bool:
    value = text(name, "true" if default else "false").lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off", ""):
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; allowed are true and false.")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; a whole number is needed.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} is {number}; allowed are {least} to {most}.")
    return number


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
