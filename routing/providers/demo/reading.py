"""What a request tells about the situation: who the agent is, who the colleagues are, what has been done already."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from .chat_request import ChatRequest, Tool
from .words import plain, stems

NAME = re.compile(
    r"\b(?:[Yy]ou are|[Yy]our name is|[Nn]ame:)\s+(?:the\s+)?[*_\"]*(?!an?\s)([^\W\d_][^,.:;\n*\"]{0,59})"
)
SLUG = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
COLLEAGUE = re.compile(rf"`({SLUG})`|\(({SLUG})\)|^\s*[-*\u2022]\s*\**({SLUG})\**\s*[:,(|\u2013\u2014-]", re.MULTILINE)
KNOWLEDGE = re.compile(r"^\W*(?:knowledge|context|documents?|sources?|facts|excerpts?|reference)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Colleague:
    """An agent whom the conversation may be handed to."""

    slug: str
    about: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool that was called since the person last wrote, and what it gave."""

    name: str
    arguments: dict[str, Any]
    content: str


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules look at."""

    request: ChatRequest
    text: str
    words: str
    system: str
    name: str
    tools: dict[str, Tool]
    results: list[ToolResult] = field(default_factory=list)
    colleagues: list[Colleague] = field(default_factory=list)

    def called(self, name: str) -> bool:
        """Tell whether a tool was called since the person last wrote."""
        return any(result.name == name for result in self.results)


def read_situation(request: ChatRequest) -> Situation:
    """Gather the situation from the messages and tools of a request."""
    system = "\n".join(m["content"] for m in request.messages if m["role"] in ("system", "developer"))
    place = next((i for i in range(len(request.messages) - 1, -1, -1) if request.messages[i]["role"] == "user"), -1)
    text = request.messages[place]["content"] if place >= 0 else ""
    tools = {tool.name: tool for tool in request.tools}
    results = _results_after(request.messages[place + 1 :])
    name = NAME.search(system)
    return Situation(
        request=request,
        text=text,
        words=plain(text),
        system=system,
        name=name.group(1).strip() if name else "",
        tools=tools,
        results=results,
        colleagues=_colleagues(system, tools.get("hand_over"), results),
    )


def knowledge_lines(system: str) -> list[str]:
    """Return the lines of the system prompt that stand under a heading such as "Knowledge" or "Sources"."""
    lines, inside = [], False
    for line in system.splitlines():
        heading = line.lstrip().startswith("#") or line.rstrip().endswith(":")
        if heading:
            inside = bool(KNOWLEDGE.match(line))
        elif inside and line.strip():
            lines.append(line.strip(" -*\u2022\t"))
    return lines


def _results_after(messages: list[dict[str, Any]]) -> list[ToolResult]:
    calls = {call["id"]: call["function"] for message in messages for call in message.get("tool_calls") or ()}
    results = []
    for message in messages:
        if message["role"] != "tool":
            continue
        function = calls.get(message["tool_call_id"], {"name": "", "arguments": "{}"})
        results.append(ToolResult(function["name"], _json_object(function["arguments"]), message["content"]))
    return results


def _json_object(text: str) -> dict[str, Any]:
    value = load_json(text)
    return value if isinstance(value, dict) else {}


def load_json(text: str) -> Any:
    """Return the JSON value of `text`, or nothing when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _colleagues(system: str, hand_over: Tool | None, results: list[ToolResult]) -> list[Colleague]:
    """Find colleagues in the directory lines of prompt and tool, in its enum and in what a search has found."""
    if hand_over is None:
        return []
    found: dict[str, str] = {}
    for result in results:
        _walk(load_json(result.content), found)
    for source in (system, hand_over.description, *_descriptions(hand_over), *(r.content for r in results)):
        for line in source.splitlines():
            match = COLLEAGUE.search(line)
            if match:
                found.setdefault(next(filter(None, match.groups())), line)
    allowed = allowed_slugs(hand_over)
    for slug in allowed:
        if slug not in found:
            line = next((line for line in system.splitlines() if slug in line), "")
            found[slug] = f"{slug} {line}"
    return [Colleague(slug, about) for slug, about in found.items() if not allowed or slug in allowed]


def _descriptions(tool: Tool) -> list[str]:
    properties = tool.parameters.get("properties")
    values = properties.values() if isinstance(properties, dict) else ()
    return [str(value["description"]) for value in values if isinstance(value, dict) and value.get("description")]


def allowed_slugs(hand_over: Tool) -> list[str]:
    """Return the slugs that the tool's schema lists, if it lists any."""
    properties = hand_over.parameters.get("properties")
    for value in properties.values() if isinstance(properties, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("enum"), list):
            return [slug for slug in value["enum"] if isinstance(slug, str)]
    return []


def _walk(value: Any, found: dict[str, str]) -> None:
    if isinstance(value, dict):
        if isinstance(value.get("slug"), str):
            found[value["slug"]] = " ".join(str(part) for part in value.values() if isinstance(part, str | list))
        for part in value.values():
            _walk(part, found)
    elif isinstance(value, list):
        for part in value:
            _walk(part, found)


def overlap(text: str, other: str) -> int:
    """Return how many telling words two texts share."""
    return len(stems(text) & stems(other))
