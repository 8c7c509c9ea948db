"""What README and docs say is there."""

import re
import shlex

import pytest
from django.core.management import get_commands

from bench.table import with_figures
from tests.orchestrall.running import ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)", README))
def test_every_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("command", [line for line in COMMANDS if re.match(r"(PORT=\d+ )?make ", line)])
def test_every_target_of_the_readme_exists(command: str) -> None:
    target = shlex.split(command, comments=True)[-1]
    assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", re.findall(r"manage\.py (\w+)", README))
def test_every_command_of_the_readme_exists(name: str) -> None:
    assert name in get_commands()


def test_the_page_of_benchmarks_shows_the_latest_run() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    assert with_figures(page) == page
