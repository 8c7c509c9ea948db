"""Configuration: the environment wins over `.env`, bad values stop the start by name, every variable is documented."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from orchestrall import environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def settings_with(**variables: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own, as a start does."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "ORCHESTRALL_VAR": os.environ["ORCHESTRALL_VAR"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("# a comment\n\nFROM_BOTH=file\nFROM_FILE='quoted'\n")
    monkeypatch.setenv("FROM_BOTH", "environment")
    monkeypatch.delenv("FROM_FILE", raising=False)
    environment.load_dotenv(file)
    assert os.environ["FROM_BOTH"] == "environment"
    assert os.environ.pop("FROM_FILE") == "quoted"


def test_a_line_that_sets_nothing_is_refused_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("GOOD=1\nnot a setting\n")
    with pytest.raises(ImproperlyConfigured, match="line 2"):
        environment.load_dotenv(file)
    os.environ.pop("GOOD")


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("A_SECRET_FILE", str(tmp_path / "secret"))
    assert environment.text("A_SECRET") == "from a file"
    environment.KNOWN.discard("A_SECRET")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "eighty", "a whole number is needed"),
        ("PORT", "70000", "allowed are 1 to 65535"),
        ("DEBUG", "perhaps", "allowed are true and false"),
        ("LOG_FORMAT", "xml", "allowed are text, json"),
    ],
)
def test_a_bad_value_stops_the_start_with_its_name_and_what_is_allowed(name: str, value: str, words: str) -> None:
    result = settings_with(**{name: value})
    assert result.returncode == 1
    assert result.stderr.strip().startswith(f"{name} is ")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_every_variable_has_a_line_in_the_documentation() -> None:
    # The table's first column; a row may name several.
    rows = re.findall(r"^\| (`[A-Z`, _0-9]+`) \|", (BASE_DIR / "docs/configuration.md").read_text(), re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([A-Z_0-9]+)`", row)}
    assert documented == environment.KNOWN


def test_the_example_file_names_documented_variables_only() -> None:
    lines = (BASE_DIR / ".env.example").read_text().splitlines()
    names = {line.lstrip("# ").partition("=")[0] for line in lines if re.match(r"(# ?)?[A-Z_0-9]+=", line)}
    assert names
    assert names <= environment.KNOWN
