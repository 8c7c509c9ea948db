"""Reads the catalogue and says where a file is wrong: file, line and field."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from agents.catalogue.schema import RoleFile, RoleTemplate, Template
from agents.exceptions import UnknownTemplate

FOLDER = Path(__file__).parent
# Folder, and the words pages show; in the order of the hire page.
GROUPS = {
    "management": "Management",
    "itsm": "IT service management",
    "finance": "Finance",
    "healthcare": "Healthcare",
    "retail": "Retail",
    "manufacturing": "Manufacturing",
    "logistics": "Logistics",
    "technology": "Technology",
    "hospitality": "Hospitality",
    "general": "General",
}
M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]


class CatalogueError(Exception):
    """A file of the catalogue is wrong. `problems` holds one line each: file, line, field, what is wrong."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Group:
    slug: str
    name: str
    templates: tuple[Template, ...]


@dataclass(frozen=True)
class Catalogue:
    groups: tuple[Group, ...]
    roles: dict[str, RoleTemplate]

    @cached_property
    def templates(self) -> dict[str, Template]:
        return {each.slug: each for group in self.groups for each in group.templates}


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Return the product's catalogue; read once per process."""
    return read_catalogue(FOLDER)


def find_template(slug: str) -> Template:
    """Return the template. Raises UnknownTemplate, naming those there are."""
    templates = load_catalogue().templates
    if slug not in templates:
        raise UnknownTemplate(slug, sorted(templates))
    return templates[slug]


def role_template(slug: str) -> RoleTemplate:
    return load_catalogue().roles[slug]


def read_catalogue(folder: Path) -> Catalogue:
    """Read and check a whole catalogue. Raises CatalogueError with every problem found, not the first alone."""
    problems: list[str] = []
    roles = _read_roles(folder, problems)
    groups = tuple(_read_group(folder, slug, name, roles, problems) for slug, name in GROUPS.items())
    seen: dict[str, str] = {}
    for group in groups:
        for template in group.templates:
            if template.slug in seen:
                problems.append(f"{group.slug}/{template.slug}.yaml: slug: {seen[template.slug]} has the same slug")
            seen[template.slug] = f"{group.slug}/{template.slug}.yaml"
    if problems:
        raise CatalogueError(problems)
    return Catalogue(groups=groups, roles=roles)


def _read_roles(folder: Path, problems: list[str]) -> dict[str, RoleTemplate]:
    read = _read_file(folder / "roles.yaml", "roles.yaml", RoleFile, problems)
    return {role.slug: role for role in read[0].roles} if read is not None else {}


def _read_group(folder: Path, slug: str, name: str, roles: dict[str, RoleTemplate], problems: list[str]) -> Group:
    templates = []
    for path in sorted((folder / slug).glob("*.yaml")):
        shown = f"{slug}/{path.name}"
        read = _read_file(path, shown, Template, problems)
        if read is None:
            continue
        template, lines = read
        for field, words in _mistakes(template, path, roles):
            problems.append(f"{shown}, line {lines.get((field,), 1)}: {field}: {words}")
        templates.append(template)
    return Group(slug=slug, name=name, templates=tuple(templates))


def _mistakes(template: Template, path: Path, roles: dict[str, RoleTemplate]) -> Iterator[tuple[str, str]]:
    if template.slug != path.stem:
        yield "slug", f"must be {path.stem}, as the file is named"
    role = roles.get(template.role)
    if role is None:
        yield "role", f"no such role {template.role}; roles.yaml has {', '.join(sorted(roles)) or 'none'}"
        return
    if role.level != template.level:
        yield "level", f"the role {role.slug} stands on level {role.level.value}"
    foreign = [name for name in template.tools if name not in role.tools]
    if foreign:
        yield "tools", f"the role {role.slug} does not have {', '.join(foreign)}"


def _read_file(path: Path, shown: str, model: type[M], problems: list[str]) -> tuple[M, dict[Place, int]] | None:
    try:
        data, lines = _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{shown}: cannot be read: {error.strerror}")
        return None
    except (yaml.YAMLError, ValueError) as error:
        problems.append(_yaml_problem(shown, error))
        return None
    try:
        return model.model_validate(data), lines
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            place: Place = tuple(each["loc"])
            field = ".".join(str(part) for part in place) or "file"
            problems.append(
                f"{shown}, line {_line(place, lines)}: {field}: {each['msg'].removeprefix('Value error, ')}"
            )
        return None


def _yaml_problem(shown: str, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}" if mark is not None else ""
    return f"{shown}{where}: is not YAML we read: {getattr(error, 'problem', None) or error}"


def _line(place: Place, lines: dict[Place, int]) -> int:
    # A missing field has no line of its own: the line of what it is missing from.
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _parse(text: str) -> tuple[Any, dict[Place, int]]:
    # Aliases make a small file large (254 bytes became 28 MB) and are refused before anything is built.
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            raise ValueError(f"aliases are not allowed (line {line})")
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines: dict[Place, int] = {}
        _collect(node, (), lines)
        return loader.construct_document(node), lines
    finally:
        loader.dispose()


def _collect(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        names: set[Hashable] = set()
        for key, value in node.value:
            if key.value in names:
                raise ValueError(f"{key.value} stands there twice (line {key.start_mark.line + 1})")
            names.add(key.value)
            lines[(*place, key.value)] = key.start_mark.line + 1
            _collect(value, (*place, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*place, index), lines)
