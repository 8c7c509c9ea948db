"""Calling a tool: rights, arguments, and errors turned into words for the model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from pydantic import ValidationError

from agents.tools import registry
from agents.tools.base import Tool, ToolContext, ToolResult
from agents.tools.rights import refusal_reason
from tenants.exceptions import Refusal

log = structlog.get_logger(__name__)


def call_tool(context: ToolContext, name: str, arguments: str | Mapping[str, Any]) -> ToolResult:
    """Run a tool for a model's call; `arguments` as the model sent them, JSON text or an object.

    What the model or the person can mend comes back as a failed ToolResult with words. A fault of ours is logged
    and comes back without its details. A tool that writes runs in a transaction of its own (or a savepoint).
    """
    found = registry.find_tool(name)
    if found is None:
        return ToolResult.failure(f"There is no tool {name}. You have: {', '.join(context.agent.tools) or 'none'}.")
    reason = refusal_reason(found, context.agent, context.user)
    if reason is not None:
        return ToolResult.failure(reason)
    try:
        checked = read_arguments(found, arguments)
    except ValueError as error:
        return ToolResult.failure(str(error))
    return _run(found, context, checked)


def read_arguments(tool: Tool, arguments: str | Mapping[str, Any]) -> dict[str, Any]:
    """Validate a model's arguments. Raises ValueError with words that tell the model what to send instead."""
    try:
        if isinstance(arguments, str):
            checked = tool.arguments.model_validate_json(arguments.strip() or "{}")
        else:
            checked = tool.arguments.model_validate_json(json.dumps(dict(arguments), default=str))
    except ValidationError as error:
        raise ValueError(_in_words(tool, error)) from None
    return {name: getattr(checked, name) for name in type(checked).model_fields}


def _in_words(tool: Tool, error: ValidationError) -> str:
    lines = [
        f"- {'.'.join(str(part) for part in each['loc']) or 'arguments'}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)
    ]
    return "\n".join([f"{tool.name} was not called, its arguments are not valid:", *lines])


def _run(tool: Tool, context: ToolContext, arguments: dict[str, Any]) -> ToolResult:
    try:
        with transaction.atomic() if tool.writes else nullcontext():
            return tool.function(context, **arguments)
    except Refusal as refusal:
        return ToolResult.failure(refusal.detail)
    except PermissionDenied as refusal:
        return ToolResult.failure(str(refusal) or f"{tool.name} is not allowed here.")
    except Exception:
        log.exception("tool failed", tool=tool.name, agent=context.agent.slug)
        return ToolResult.failure(f"{tool.name} failed for a reason that is ours, not yours. Nothing was changed.")
