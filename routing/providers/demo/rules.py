"""What the demo provider answers: rules over what the person wrote and over what the client offers.

The order is: a tool that the client insists on; the hand-over to a colleague whom the text is for; a ticket to open,
change or find; a search in the directory; then words: results of tools, a greeting, or the question said back with what
was given on it. Nothing here pretends to be a model.
"""

import json
import re
from collections.abc import Callable

from .arguments import STEPS, fill_arguments, state_of
from .chat_request import ChatRequest
from .reading import Colleague, Situation, allowed_slugs, overlap, read_situation
from .wire import Reply, ToolCall
from .wording import as_object, greet, introduce, restate, tell_results, thank
from .words import (
    CHANGE,
    DEFINITION,
    GREETING,
    HOW_ARE_YOU,
    INCIDENT,
    LIST_TICKETS,
    PROBLEM,
    QUESTION,
    SERVICE_REQUEST,
    THANKS,
    TICKET_NUMBER,
    UPDATE,
    WANTS_TICKET,
    WHO,
    WHO_ARE_YOU,
    WORD,
    plain,
    stems,
)

TOPICS = {
    "incident": INCIDENT,
    "problem": PROBLEM,
    "change": CHANGE,
    "service request": SERVICE_REQUEST,
}
RECEIVED = re.compile(r"(?i)\bhanded over to you\b|\bpassed this conversation to you\b")
"""Prompts that say so: whoever was given a conversation keeps it, or it would wander for ever."""
DESK_TOOLS = {"hand_over", "search_directory", "find_tickets"}
SHARED_WORDS = 2
"""Telling words that a text must share with a colleague's description."""


def answer(request: ChatRequest) -> Reply:
    """Return the reply to a checked request."""
    situation = read_situation(request)
    calls = _calls(situation)
    if calls:
        return Reply(tool_calls=calls if request.parallel else calls[:1])
    if request.response_format != "text":
        return Reply(text=_json_answer(situation))
    return Reply(text=_words(situation))


def _calls(situation: Situation) -> list[ToolCall]:
    choice = situation.request.choice
    if choice == "none" or not situation.tools:
        return []
    if choice.startswith("function:"):
        return [_call(situation, choice.removeprefix("function:"))]
    for rule in (_hand_over, _open_ticket, _update_tickets, _find_tickets, _search_directory):
        calls = rule(situation)
        if calls:
            return calls
    return [_call(situation, _most_fitting(situation))] if choice == "required" else []


def _call(situation: Situation, name: str, **known: object) -> ToolCall:
    return ToolCall(name, fill_arguments(situation.tools[name].parameters, situation, known))


def _exact_call(situation: Situation, name: str, **known: object) -> ToolCall:
    """Return a call with what is known and required, and nothing guessed beside it."""
    return ToolCall(name, fill_arguments(situation.tools[name].parameters, situation, known, optional=()))


def _may_call(situation: Situation, name: str) -> bool:
    """Tell whether a tool is offered and was not called since the person last wrote."""
    return name in situation.tools and not situation.called(name)


def _most_fitting(situation: Situation) -> str:
    return max(
        situation.tools.values(), key=lambda tool: overlap(f"{tool.name} {tool.description}", situation.text)
    ).name


def is_greeting(words: str) -> bool:
    """Tell whether plain text is a greeting and nothing more."""
    rest = GREETING.sub("", words, count=1)
    return rest != words and (len(rest.split()) <= 1 or bool(HOW_ARE_YOU.match(rest)))


def topic_of(words: str) -> str | None:
    """Return the service-desk topic of plain text: explicit names first, then symptoms; nothing for a definition."""
    if DEFINITION.match(words):
        return None
    named = next((topic for topic in ("change request", "service request", "problem record") if topic in words), None)
    if named:
        return "service request" if named == "service request" else named.split()[0]
    found = next((topic for topic, cue in TOPICS.items() if cue.search(words)), None)
    return found or ("incident" if wants_ticket(words) else None)


def wants_ticket(words: str) -> bool:
    """Tell whether plain text asks for a new ticket, and not for the open ones."""
    return bool(WANTS_TICKET.search(words)) and not LIST_TICKETS.search(words)


def _hand_over(situation: Situation) -> list[ToolCall]:
    if not _may_call(situation, "hand_over") or is_greeting(situation.words) or RECEIVED.search(situation.system):
        return []
    if "find_tickets" in situation.tools and LIST_TICKETS.search(situation.words):
        return []
    colleague = _best_colleague(situation)
    if colleague is None:
        return []
    name = _slug_property(situation)
    return [_call(situation, "hand_over", **{name: colleague.slug})]


def _slug_property(situation: Situation) -> str:
    tool = situation.tools["hand_over"]
    properties = tool.parameters.get("properties")
    names = list(properties) if isinstance(properties, dict) else []
    wanted = [name for name in names if name in ("agent", "slug", "agent_slug", "to", "colleague", "target")]
    return (wanted or names or ["agent"])[0]


def _best_colleague(situation: Situation) -> Colleague | None:
    """Return the colleague whom the text is for, unless it is for the agent that has it now."""
    topic = topic_of(situation.words)
    own = _own_words(situation)
    others = [other for other in situation.colleagues if not _is_self(other, situation)]
    if topic:
        if stems(topic) <= stems(own):
            return None
        fitting = [other for other in others if stems(topic) <= stems(other.slug.replace("-", " "))]
        fitting = fitting or [other for other in others if stems(topic) <= stems(other.about)]
        if fitting:
            return _who_does_it(fitting, situation.text)
    scored = [(_match(situation.text, other), -place, other) for place, other in enumerate(others)]
    score, _, best = max(scored, key=lambda row: row[:2], default=(0, 0, None))
    return best if score >= SHARED_WORDS and score > overlap(situation.text, _own_part(situation)) else None


def _who_does_it(fitting: list[Colleague], text: str) -> Colleague:
    """Return who works on such things, and not who leads them; then whom the text is for."""
    doing = [other for other in fitting if not other.slug.endswith("-lead")] or fitting
    return max(doing, key=lambda other: _match(text, other))


def _match(text: str, colleague: Colleague) -> int:
    return overlap(text, colleague.about) + overlap(text, colleague.slug.replace("-", " "))


def _own_words(situation: Situation) -> str:
    """Return what the prompt says of the agent itself: its name and the lines that name no colleague."""
    slugs = [colleague.slug for colleague in situation.colleagues]
    lines = [line for line in situation.system.splitlines()[:3] if not any(slug in line for slug in slugs)]
    return " ".join([situation.name, *lines[:1]])


def _own_part(situation: Situation) -> str:
    """Return the prompt up to the directory: what the agent itself is there for.

    Who has only tools to pass people on is there for everything, so only its first line counts.
    """
    if situation.tools.keys() <= DESK_TOOLS:
        return _own_words(situation)
    slugs = {colleague.slug for colleague in situation.colleagues}
    lines = situation.system.splitlines()
    first = next((n for n, line in enumerate(lines) if any(slug in line for slug in slugs)), len(lines))
    return "\n".join(lines[:first])


def _is_self(colleague: Colleague, situation: Situation) -> bool:
    name = plain(situation.name).replace(" ", "-")
    return bool(name) and colleague.slug == name


def _open_ticket(situation: Situation) -> list[ToolCall]:
    if not _may_call(situation, "open_ticket") or _names_ticket(situation):
        return []
    words = situation.words
    told = (INCIDENT.search(words) or SERVICE_REQUEST.search(words)) and not QUESTION.match(words)
    wanted = wants_ticket(words) or (told and not LIST_TICKETS.search(words))
    return [_call(situation, "open_ticket")] if wanted and not DEFINITION.match(words) else []


def _names_ticket(situation: Situation) -> bool:
    return any(char.isdigit() for char in situation.text) and bool(_numbers(situation))


def _numbers(situation: Situation) -> list[str]:
    """Return the ticket numbers that the text names."""
    found = (number.upper() for number in TICKET_NUMBER.findall(situation.text[:8000]))
    prefixes = ("INC-", "PRB-", "CHG-", "REQ-", "SRQ-", "SR-", "PRO-", "TKT-", "TICKET-", "CR-")
    return list(dict.fromkeys(number for number in found if number.startswith(prefixes)))[:5]


def _update_tickets(situation: Situation) -> list[ToolCall]:
    if not _may_call(situation, "update_ticket") or not UPDATE.search(situation.words):
        return []
    state = state_of(situation.words)
    known = {"comment": situation.text} if state is None else {"state": state, "status": state, "note": situation.text}
    if state in STEPS:
        known["step"] = STEPS[state]
    numbers = _numbers(situation)
    return [
        _exact_call(situation, "update_ticket", **known, **_number_of(situation, "update_ticket", n)) for n in numbers
    ]


def _find_tickets(situation: Situation) -> list[ToolCall]:
    if not _may_call(situation, "find_tickets") or situation.called("update_ticket") or situation.called("open_ticket"):
        return []
    numbers = _numbers(situation)
    if numbers:
        return [_exact_call(situation, "find_tickets", **_number_of(situation, "find_tickets", n)) for n in numbers]
    if not LIST_TICKETS.search(situation.words):
        return []
    state = state_of(situation.words)
    return [_call(situation, "find_tickets", **({"state": state, "status": state} if state else {}))]


def _number_of(situation: Situation, tool: str, number: str) -> dict[str, str]:
    properties = situation.tools[tool].parameters.get("properties")
    names = list(properties) if isinstance(properties, dict) else []
    wanted = (
        "number",
        "ticket",
        "ticket_number",
        "reference",
        "ticket_id",
        "id",
        "query",
        "text",
        "q",
        "search",
        "words",
    )
    name = next((name for name in wanted if name in names), None)
    given: dict[str, str] = {name: number} if name else {}
    # A ticket that is named is wanted in whatever state it is.
    return given | {"state": "any"} if tool == "find_tickets" and "state" in names else given


def _search_directory(situation: Situation) -> list[ToolCall]:
    if not _may_call(situation, "search_directory") or is_greeting(situation.words):
        return []
    knows_nobody = "hand_over" in situation.tools and not situation.colleagues
    topic = topic_of(situation.words)
    if topic and knows_nobody and not allowed_slugs(situation.tools["hand_over"]) and not situation.results:
        return [_call(situation, "search_directory", query=topic)]
    return [_call(situation, "search_directory")] if WHO.search(situation.words) else []


def _json_answer(situation: Situation) -> str:
    schema = situation.request.response_schema
    value = fill_arguments(schema, situation) if schema else as_object(situation)
    return json.dumps(value, ensure_ascii=False)


def _words(situation: Situation) -> str:
    rules: list[tuple[bool, Callable[[Situation], str]]] = [
        (bool(situation.results), tell_results),
        (is_greeting(situation.words), greet),
        (bool(WHO_ARE_YOU.match(GREETING.sub("", situation.words, count=1))), introduce),
        (bool(THANKS.match(situation.words)) and len(WORD.findall(situation.words)) <= 6, thank),
    ]
    return next((say for applies, say in rules if applies), restate)(situation)
