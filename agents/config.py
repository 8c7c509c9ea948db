"""What an agent's settings may be, checked in one place for pages, REST, catalogue and jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agents import tools
from agents.exceptions import InvalidAgent
from agents.levels import Level
from agents.models import SLUG_LENGTH
from agents.policies import MemoryPolicy
from tenants.models import Organization

MODEL_POLICIES = ("auto", "small", "large")
_MODEL_NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,118}\Z")
_SLUG = re.compile(r"\A[a-z0-9]+(?:-[a-z0-9]+)*\Z")


def _no_null(text: str) -> str:
    # PostgreSQL stores no NUL in text.
    if "\x00" in text:
        raise ValueError("contains a NUL character")
    return text


def _known_tools(names: list[str]) -> list[str]:
    unknown = [name for name in names if tools.find_tool(name) is None]
    if unknown:
        known = ", ".join(each.name for each in tools.all_tools())
        raise ValueError(f"no such tool: {', '.join(unknown)}. There are: {known}")
    return list(dict.fromkeys(names))


def _model_policy(value: str) -> str:
    if not _MODEL_NAME.match(value):
        raise ValueError("use auto (the router chooses), small, large or the name of a model")
    return value


def _industry(value: str) -> str:
    if value not in Organization.Industry.values:
        raise ValueError(f"use one of {', '.join(Organization.Industry.values)}")
    return value


def _slug(value: str) -> str:
    if not _SLUG.match(value):
        raise ValueError("use small letters, digits and single hyphens, as in incident-manager")
    return value


Text = Annotated[str, AfterValidator(_no_null)]


class AgentSettings(BaseModel):
    """The settings of an agent apart from its place in the tree and its status."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    slug: Annotated[str, Field(min_length=2, max_length=SLUG_LENGTH), AfterValidator(_slug)]
    name: Annotated[Text, Field(min_length=2, max_length=80)]
    level: Level
    industry: Annotated[str, AfterValidator(_industry)]
    icon: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    instructions: Annotated[Text, Field(max_length=20_000)]
    description: Annotated[Text, Field(max_length=500)]
    tools: Annotated[list[str], Field(max_length=40), AfterValidator(_known_tools)]
    model_policy: Annotated[str, AfterValidator(_model_policy)]
    memory_policy: MemoryPolicy


def check_settings(values: Mapping[str, Any]) -> AgentSettings:
    """Return the checked settings. Raises InvalidAgent with messages by field."""
    try:
        return AgentSettings.model_validate(dict(values))
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for each in error.errors(include_url=False, include_input=False):
            field = str(each["loc"][0]) if each["loc"] else "non_field_errors"
            errors.setdefault(field, []).append(each["msg"].removeprefix("Value error, "))
        detail = "; ".join(f"{field}: {', '.join(messages)}" for field, messages in errors.items())
        raise InvalidAgent(detail, errors=errors) from None
