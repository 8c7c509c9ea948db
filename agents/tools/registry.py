"""The register of tools, filled while apps load, and the schema taken from a function's signature."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from agents.tools.base import Asker, Tool, ToolResult
from agents.tools.rights import may_use

if TYPE_CHECKING:
    from agents.models import Agent

_tools: dict[str, Tool] = {}
_NAME = re.compile(r"\A[a-z][a-z0-9_]{2,63}\Z")


def tool(
    *, permission: str | None, writes: bool = False, source: str = ""
) -> Callable[[Callable[..., ToolResult]], Callable[..., ToolResult]]:
    """Register a function as a tool of its own name; the docstring is what the model reads.

    Its first parameter is the ToolContext, all others are keyword-only and typed. `permission` is what the person
    who asks must have, None for a tool that reaches no data. `writes` marks tools that change something.
    """

    def register(function: Callable[..., ToolResult]) -> Callable[..., ToolResult]:
        name = function.__name__
        known = _tools.get(name)
        if known is not None and known.function.__module__ != function.__module__:
            raise ValueError(f"There are two tools {name}: in {known.function.__module__} and {function.__module__}.")
        _tools[name] = build_tool(function, permission=permission, writes=writes, source=source)
        return function

    return register


def build_tool(function: Callable[..., ToolResult], *, permission: str | None, writes: bool, source: str) -> Tool:
    """Derive a Tool from the function. Raises TypeError for a signature that no schema can be taken from."""
    name = function.__name__
    if not _NAME.match(name):
        raise TypeError(f"{name!r} cannot name a tool: small letters, digits and underscores, 3 to 64 of them.")
    description = inspect.getdoc(function)
    if not description:
        raise TypeError(f"The tool {name} has no docstring; the model would not know what it is for.")
    return Tool(
        name=name,
        description=description,
        permission=permission,
        writes=writes,
        source=source or function.__module__.removesuffix(".tools").rsplit(".", 1)[-1].replace("_", " ").capitalize(),
        arguments=_arguments_model(function),
        function=function,
    )


def _arguments_model(function: Callable[..., ToolResult]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.name not in hints:
            raise TypeError(f"{function.__name__}: {parameter.name} must be a typed, keyword-only parameter.")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    return create_model(f"{function.__name__}_arguments", __config__=config, **fields)


def all_tools() -> list[Tool]:
    """All registered tools by name."""
    return [_tools[name] for name in sorted(_tools)]


def find_tool(name: str) -> Tool | None:
    return _tools.get(name)


def get_tool(name: str) -> Tool:
    """Return the tool. Raises KeyError that lists those there are."""
    try:
        return _tools[name]
    except KeyError:
        raise KeyError(f"There is no tool {name!r}. There are: {', '.join(sorted(_tools))}.") from None


def registered(names: Iterable[str]) -> list[str]:
    """Those of the names that are registered, in their order: the catalogue may name tools of apps not installed."""
    return [name for name in names if name in _tools]


def tools_for(agent: Agent, user: Asker) -> list[Tool]:
    """The tools this agent may use for this person, in the agent's order. Others are not even offered."""
    found = (find_tool(name) for name in agent.tools)
    return [each for each in found if each is not None and may_use(each, agent, user)]


def openai_schema(tools: Iterable[Tool]) -> list[dict[str, Any]]:
    return [each.openai_schema for each in tools]
