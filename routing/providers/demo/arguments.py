"""Fill a tool's arguments from what the person wrote, always in line with the tool's JSON schema."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .reading import Situation
from .words import (
    CHANGE,
    INCIDENT,
    LEVELS,
    PROBLEM,
    RELAXED,
    SERVICE_REQUEST,
    TICKET_NUMBER,
    URGENT,
    WANTS_TICKET,
    WORD,
    plain,
    stems,
)

RANKS = {
    "minimal": 0, "minor": 0, "low": 0, "individual": 0, "person": 0, "single": 0, "user": 0, "niedrig": 0,
    "medium": 1, "moderate": 1, "normal": 1, "team": 1, "department": 1, "group": 1, "significant": 1, "several": 1,
    "high": 2, "major": 2, "organization": 2, "organisation": 2, "company": 2, "extensive": 2, "widespread": 2,
    "all": 2, "critical": 3, "urgent": 3,
}  # fmt: skip
STATES = {
    "resolved": r"resolv|fixed|solved|losen|gelost|resuelt|resolu",
    "closed": r"\bclos|schlie|cierr|cerrar|ferme|clotur|fech|band kar",
    "in_progress": r"in progress|start(?:ed)? work|working on|in arbeit|en curso|en cours|em andamento",
    "on_hold": r"on hold|wait|pending|pause",
    "open": r"\breopen|\bopen\b|offen|abiert|ouvert|abert",
    "cancelled": r"cancel|withdraw",
}
STEPS = {"resolved": "resolve", "closed": "close", "in_progress": "start", "on_hold": "wait", "open": "reopen"}
"""What leads to a state, for tools that ask for the step and not for the state."""
CLAUSE = re.compile(
    r"[.!?\n;]|(?:,| and| und| y| et| e| aur)+ (?=(?:please |bitte )?"
    r"(?:open|create|log|raise|file|find out|erstell|offn|ein ticket|abr|cre|ouvr))",
    re.IGNORECASE,
)
LEAD_IN = re.compile(
    r"^\s*(?:(?:hi|hello|hey|hallo|hola|bonjour|ola)\b[\s,!.]*|(?:please|bitte|por favor|s'il vous plait)\b[\s,]*"
    r"|(?:can|could|would) you (?:please )?|i (?:want|need|would like) to |(?:open|create|log|raise|file|submit"
    r"|report)\b"
    r"[^.:,\n]{0,25}?\b(?:tickets?|incidents?|case|request)\b(?: (?:for|about|that|because|saying))?[:,]?\s*"
    r"|(?:my|our|the) )+",
    re.IGNORECASE,
)
MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Filling:
    """What stays the same while one tool's arguments are filled: whole schema, situation, optional names to fill."""

    root: dict[str, Any]
    situation: Situation
    optional: tuple[str, ...]


def fill_arguments(
    schema: dict[str, Any],
    situation: Situation,
    known: dict[str, Any] | None = None,
    *,
    optional: tuple[str, ...] | None = None,
) -> dict[str, Any]:
    """Return arguments for a tool: its required ones, and the `optional` ones for which the text gives a value.

    `known` gives values by property name; they are used where the schema has such a property.
    """
    filling = Filling(schema, situation, OPTIONAL if optional is None else optional)
    value = _fill_object(schema, filling, known or {}, 0)
    return value if isinstance(value, dict) else {}


def title_of(text: str) -> str:
    """Return the first telling clause of what a person wrote, for a title."""
    clauses = [LEAD_IN.sub("", clause).strip(" ,:-\"'") for clause in CLAUSE.split(text[:2000])]
    best = next((clause for clause in clauses if len(WORD.findall(clause)) >= 2), "") or " ".join(text.split())
    best = best if len(best) <= 80 else best[:80].rsplit(" ", 1)[0]
    return best[:1].upper() + best[1:]


def kind_of(words: str) -> str:
    """Return the ITIL kind that a text is about; explicit names win over symptoms."""
    for kind, name in (("change", r"change (?:request|ticket)"), ("problem", r"problem (?:record|ticket)"),
                       ("service_request", r"service request"), ("incident", r"\bincident")):  # fmt: skip
        if re.search(name, words):
            return kind
    for kind, pattern in (("incident", INCIDENT), ("problem", PROBLEM), ("change", CHANGE),
                          ("service_request", SERVICE_REQUEST)):  # fmt: skip
        if pattern.search(words):
            return kind
    return "incident"


def impact_of(words: str) -> int:
    """Return 0 for one person, 1 for a team, 2 for all."""
    return next((rank for rank, pattern in LEVELS if pattern.search(words)), 0)


def urgency_of(words: str) -> int:
    """Return 0, 1 or 2, from not urgent to urgent."""
    if RELAXED.search(words):
        return 0
    return 2 if URGENT.search(words) else 1


def state_of(words: str) -> str | None:
    """Return the ticket state that a text names, if any."""
    return next((state for state, pattern in STATES.items() if re.search(pattern, words)), None)


def _query(situation: Situation) -> str | None:
    number = TICKET_NUMBER.search(situation.text)
    if number:
        return number.group().upper()
    wanted = stems(situation.text)
    telling = [
        word
        for word in WORD.findall(situation.text)
        if plain(word)[:6] in wanted and not WANTS_TICKET.search(plain(word))
    ]
    return " ".join(dict.fromkeys(telling[:6])) or None


def _number(situation: Situation) -> str | None:
    number = TICKET_NUMBER.search(situation.text)
    return number.group().upper() if number else None


WORDED: list[tuple[re.Pattern[str], Callable[[Situation], Any]]] = [
    (re.compile(r"title|subject|summary|headline|short_description"), lambda s: title_of(s.text)),
    (re.compile(r"^(?:kind|type|category|ticket_type|itil_type)$"), lambda s: kind_of(s.words)),
    (re.compile(r"impact|severity"), lambda s: impact_of(s.words)),
    (re.compile(r"urgency"), lambda s: urgency_of(s.words)),
    (re.compile(r"priority"), lambda s: max(impact_of(s.words), urgency_of(s.words))),
    (re.compile(r"state|status"), lambda s: state_of(s.words)),
    (re.compile(r"number|ticket|reference"), _number),
    (re.compile(r"comment|note|message"), lambda s: s.text.strip()),
    (re.compile(r"reason"), lambda s: f"Asked for: {title_of(s.text)}"),
    (re.compile(r"^(?:query|q|search|text|keywords?|topic|words)$"), _query),
    (re.compile(r"description|details|body|content|question|task"), lambda s: s.text.strip()),
]
OPTIONAL = (
    "title",
    "subject",
    "summary",
    "kind",
    "type",
    "impact",
    "urgency",
    "description",
    "details",
    "reason",
    "query",
    "words",
)
"""Names that are filled although the schema does not require them."""


def _fill_object(schema: dict[str, Any], filling: Filling, known: dict[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    required = schema.get("required") if isinstance(schema.get("required"), list) else []
    filled = {}
    for name, given in (properties if isinstance(properties, dict) else {}).items():
        part = resolve(given, filling.root)
        if name in known:
            filled[name] = fit(part, known[name], filling, name, depth)
        elif name in (required or ()) or name in filling.optional:
            value = _worded(name, filling.situation)
            if value is not None or name in (required or ()):
                filled[name] = fit(part, value, filling, name, depth)
    return filled


def _worded(name: str, situation: Situation) -> Any:
    return next((say(situation) for pattern, say in WORDED if pattern.search(name)), None)


def resolve(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """Follow references and take the first alternative that is not null."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target: Any = root
            for step in reference.lstrip("#/").split("/"):
                target = target.get(step, {}) if isinstance(target, dict) else {}
            schema = target
            continue
        choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if not isinstance(choices, list) or not choices:
            return schema
        real = [choice for choice in choices if not (isinstance(choice, dict) and choice.get("type") == "null")]
        schema = (real or choices)[0]
    return schema if isinstance(schema, dict) else {}


def fit(schema: dict[str, Any], value: Any, filling: Filling, name: str, depth: int) -> Any:
    """Return `value` brought into the schema, or the simplest value that the schema allows."""
    if depth > MAX_DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return _choose(schema, value)
    kind = schema.get("type")
    kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
    if kind in ("integer", "number"):
        return _fit_number(schema, kind, value)
    if kind == "boolean":
        return bool(schema.get("default", False))
    if kind == "array":
        return _fit_array(schema, value, filling, name, depth)
    if kind == "object" or "properties" in schema:
        return _fill_object(schema, filling, {}, depth + 1)
    if kind == "null":
        return None
    return _fit_text(schema, value, filling.situation)


def _choose(schema: dict[str, Any], value: Any) -> Any:
    options = schema["enum"]
    if value in options:
        return value
    if isinstance(value, int):
        ranked = [(abs(_rank(option, place, len(options)) - value), place) for place, option in enumerate(options)]
        return options[min(ranked)[1]]
    said = _letters(value or "")
    near = [option for option in options if said and (said in _letters(option) or _letters(option) in said)]
    if near:
        return min(near, key=lambda option: _letters(option) != said)
    return schema["default"] if schema.get("default") in options else options[0]


def _letters(value: Any) -> str:
    return re.sub(r"\W|_", "", str(value).casefold())


def _rank(option: Any, place: int, count: int) -> float:
    known = RANKS.get(str(option).casefold())
    if known is not None:
        return known
    # Numbers follow ITIL: 1 is the highest.
    return 2 - 2 * place / max(1, count - 1)


def _fit_number(schema: dict[str, Any], kind: str, value: Any) -> int | float:
    number = value if isinstance(value, int | float) else schema.get("default", schema.get("minimum", 1))
    number = number if isinstance(number, int | float) else 1
    low, high = schema.get("minimum"), schema.get("maximum")
    number = max(number, low) if isinstance(low, int | float) else number
    number = min(number, high) if isinstance(high, int | float) else number
    return int(number) if kind == "integer" else float(number)


def _fit_array(schema: dict[str, Any], value: Any, filling: Filling, name: str, depth: int) -> list[Any]:
    least = schema.get("minItems", 0)
    item = resolve(schema.get("items", {}), filling.root)
    values = value if isinstance(value, list) else []
    while len(values) < (least if isinstance(least, int) else 0) and len(values) < 10:
        values = [*values, fit(item, _worded(name.rstrip("s"), filling.situation), filling, name, depth + 1)]
    return values


def _fit_text(schema: dict[str, Any], value: Any, situation: Situation) -> str:
    fixed = {"uuid": "00000000-0000-0000-0000-000000000000", "date": "2000-01-01", "email": "nobody@example.invalid",
             "date-time": "2000-01-01T00:00:00Z", "uri": "https://example.invalid/"}  # fmt: skip
    if schema.get("format") in fixed and not (isinstance(value, str) and value):
        return str(schema.get("default") or fixed[schema["format"]])
    text = str(value) if value is not None else str(schema.get("default") or situation.text.strip() or "demo")
    longest, shortest = schema.get("maxLength"), schema.get("minLength")
    if isinstance(longest, int):
        text = text[:longest]
    return text.ljust(shortest, ".") if isinstance(shortest, int) else text
