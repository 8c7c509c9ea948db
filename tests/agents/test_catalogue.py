"""The catalogue: what is in it, and how it says what is wrong."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from agents import tools
from agents.catalogue import load_catalogue
from agents.catalogue.loader import FOLDER, CatalogueError, read_catalogue
from agents.catalogue.schema import unwrap
from tenants.models import Organization

TEMPLATES = load_catalogue().templates


@pytest.mark.promise("AGT-3")
def test_it_holds_management_itsm_and_every_industry() -> None:
    groups = {group.slug: {each.slug for each in group.templates} for group in load_catalogue().groups}
    assert groups["management"] == {"ceo", "senior-manager", "manager", "team-lead"}
    assert {"incident-manager", "change-manager", "problem-manager", "service-request-manager"} <= groups["itsm"]
    assert all(groups[industry] for industry in Organization.Industry.values)


@pytest.mark.parametrize("slug", TEMPLATES)
def test_all_its_tools_are_there(slug: str) -> None:
    assert tools.registered(TEMPLATES[slug].tools) == list(TEMPLATES[slug].tools)


@pytest.mark.parametrize("slug", TEMPLATES)
def test_its_role_may_use_all_its_tools(slug: str) -> None:
    role = load_catalogue().roles[TEMPLATES[slug].role]
    wanted = {tools.get_tool(name).permission for name in TEMPLATES[slug].tools} - {None}
    assert wanted <= set(role.permissions)


@pytest.mark.promise("AGT-3")
def test_no_two_agents_differ_by_prompt_alone() -> None:
    for one, other in combinations(TEMPLATES.values(), 2):
        assert set(one.tools) != set(other.tools), (one.slug, other.slug)


@pytest.mark.parametrize("slug", TEMPLATES)
def test_instructions_name_no_tool_that_the_agent_lacks(slug: str) -> None:
    template = TEMPLATES[slug]
    named = {each.name for each in tools.all_tools() if each.name in template.instructions}
    assert named <= set(template.tools)


def test_wrapped_lines_are_joined_and_lists_stay_lists() -> None:
    text = "You work\nhere.\n\nHow\n- One\n  goes on\n- Two\nEnd."
    assert unwrap(text) == "You work here.\n\nHow\n- One goes on\n- Two\nEnd."


GOOD = """\
slug: {slug}
version: 1
name: Night watch
role: watcher
level: specialist
icon: moon
description: Watches over everything at night.
instructions: |
  {instructions}
tools: [search_directory]
examples: ["Who is there?"]
"""
ROLES = """\
roles:
  - slug: watcher
    name: Watcher
    level: specialist
    description: Watches over things.
    permissions: [chat.send_message]
    tools: [search_directory]
"""


def catalogue_with(folder: Path, text: str, roles: str = ROLES) -> list[str]:
    """What is wrong with a catalogue of this one file, `general/night-watch.yaml`."""
    (folder / "general").mkdir()
    (folder / "roles.yaml").write_text(roles)
    (folder / "general" / "night-watch.yaml").write_text(text)
    with pytest.raises(CatalogueError) as refused:
        read_catalogue(folder)
    return refused.value.problems


FILE = GOOD.format(slug="night-watch", instructions="Watch. " * 20)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (FILE.replace("version: 1", "version: none"), "general/night-watch.yaml, line 2: version: "),
        (FILE.replace("icon: moon\n", ""), "general/night-watch.yaml, line 1: icon: Field required"),
        (FILE + "colour: red\n", "line 12: colour: Extra inputs are not permitted"),
        (FILE.replace("role: watcher", "role: wizard"), "line 4: role: no such role wizard; roles.yaml has watcher"),
        (FILE.replace("level: specialist", "level: manager"), "line 5: level: the role watcher stands on level"),
        (FILE.replace("[search_directory]", "[hand_over]"), "line 10: tools: the role watcher does not have hand_over"),
        (FILE.replace("[search_directory]", "[Fly!]"), "line 10: tools.0: "),
        (FILE.replace("slug: night-watch", "slug: day-watch"), "line 1: slug: must be night-watch"),
        (FILE.replace("name: Night watch", "name: A\nname: B"), "name stands there twice (line 4)"),
        (FILE.replace("[search_directory]", "&a [*a]"), "aliases are not allowed (line 10)"),
        (FILE.replace("name: Night", "name: [Night"), "is not YAML we read"),
        ("", "general/night-watch.yaml, line 1: file: "),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_field(tmp_path: Path, text: str, problem: str) -> None:
    assert any(problem in line for line in catalogue_with(tmp_path, text))


def test_a_role_that_names_an_unknown_permission_is_said(tmp_path: Path) -> None:
    problems = catalogue_with(tmp_path, FILE, ROLES.replace("chat.send_message", "chat.shout"))
    assert "roles.yaml, line 6: roles.0.permissions.0: no such permission" in problems[0]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = FILE.replace("version: 1", "version: 0").replace("icon: moon", "icon: MOON")
    assert len(catalogue_with(tmp_path, text)) == 2


def test_the_products_own_catalogue_is_read_without_problems() -> None:
    assert len(read_catalogue(FOLDER).templates) == len(TEMPLATES) == 17
