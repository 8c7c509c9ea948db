"""The sentences of the demo provider. Each answer ends with a line that says what wrote it."""

import re
from typing import Any

from .arguments import kind_of, title_of
from .reading import Situation, ToolResult, knowledge_lines, load_json, overlap
from .words import TICKET_NUMBER, WHY

DEMO_LINE = "*Demo answer: put together by rules, not written by a model.*"

GREETINGS = {
    "de": (r"hallo|moin|servus|gru|guten", "Hallo", "Wobei kann ich helfen?"),
    "es": (r"hola|buenas|buenos", "Hola", "¿En qué puedo ayudar?"),
    "fr": (r"bonjour|bonsoir|salut", "Bonjour", "Comment puis-je aider ?"),
    "pt": (r"ola\b|oi\b|bom dia|boa ", "Olá", "Como posso ajudar?"),
    "hi": (r"namaste|namaskar", "Namaste", "Main kaise madad kar sakta hoon?"),
    "it": (r"ciao|buongiorno", "Ciao", "Come posso aiutare?"),
}
NEXT_STEPS = {
    "incident": [
        "Note the exact time and the message when it happens next; both narrow the search.",
        "Say whether others are affected; that decides the impact and so the priority.",
        "Compare with what runs or expires at that time: scheduled jobs, leases, certificates, sessions.",
    ],
    "problem": [
        "Collect the incidents that look alike and link them.",
        "Line up their times with changes and scheduled work.",
        "Write down a workaround as soon as one is known.",
    ],
    "change": [
        "Describe what changes, when, and how it is undone.",
        "Name who is affected and who approves.",
        "Check the window against other changes.",
    ],
    "service_request": [
        "Say for whom it is and from when it is needed.",
        "Name the approver, if one is needed.",
    ],
}


def finish(*paragraphs: str) -> str:
    """Join the paragraphs of an answer and say that it is a demo."""
    return "\n\n".join([*(paragraph for paragraph in paragraphs if paragraph), DEMO_LINE])


def greet(situation: Situation) -> str:
    """Greet in the person's language and in the agent's name."""
    said = situation.words.strip()
    found = (words[1:] for words in GREETINGS.values() if re.match(words[0], said))
    hello, offer = next(found, ("Hello", "How can I help?"))
    return finish(f"{hello}, {situation.name} here. {offer}" if situation.name else f"{hello}! {offer}")


def introduce(situation: Situation) -> str:
    """Say who the agent is and what it may use here."""
    name = f"I am {situation.name}." if situation.name else "I am an agent without a name."
    return finish(name + (f" I can use {_can_do(situation)}." if situation.tools else ""))


def thank(situation: Situation) -> str:
    """Answer thanks."""
    return finish("You are welcome.")


def tell_results(situation: Situation) -> str:
    """Write the answer that follows tool results."""
    made = [
        result
        for result in situation.results
        if result.name in ("open_ticket", "update_ticket") and not _failed(result)
    ]
    parts = [
        _tell_one(result, situation) for result in situation.results if result.name != "hand_over" or _failed(result)
    ]
    if not parts:
        return restate(situation)
    if any(result.name == "open_ticket" for result in made):
        kind = str(made[-1].arguments.get("kind") or kind_of(situation.words))
        parts.append(_next_steps(kind, situation))
    return finish(*parts)


def restate(situation: Situation) -> str:
    """Say what was asked and what was given that bears on it."""
    asked = title_of(situation.text)
    if not asked:
        return finish("I got no question. Write one, and I will see what I was given for it.")
    parts = [f"You asked: *{asked}*"]
    relevant = sorted(knowledge_lines(situation.system), key=lambda line: -overlap(line, situation.text))
    relevant = [line for line in relevant[:3] if overlap(line, situation.text)]
    if relevant:
        parts.append("What I was given on this:\n" + "\n".join(f"- {line[:300]}" for line in relevant))
    elif situation.tools:
        parts.append(f"I was given nothing on this. What I can do here: {_can_do(situation)}.")
    else:
        parts.append(
            "I was given nothing on this, and a demo knows nothing by itself. Add a provider for real answers."
        )
    return finish(*parts)


def as_object(situation: Situation) -> dict[str, Any]:
    """Return what JSON mode gives when no schema is asked for."""
    return {"demo": True, "asked": title_of(situation.text), "answer": "Put together by rules, not written by a model."}


def _can_do(situation: Situation) -> str:
    return ", ".join(f"`{name}`" for name in list(situation.tools)[:8])


def _failed(result: ToolResult) -> bool:
    value = load_json(result.content)
    if isinstance(value, dict):
        return bool(value.get("error") or value.get("errors") or value.get("ok") is False)
    return bool(re.match(r"\s*(?:error|failed|refused|not allowed|permission)\b", result.content, re.IGNORECASE))


def _tell_one(result: ToolResult, situation: Situation) -> str:
    if _failed(result):
        return f"`{result.name}` was refused: {_plain_error(result)}"
    number = TICKET_NUMBER.search(result.content)
    if result.name == "open_ticket" and number:
        title = result.arguments.get("title") or title_of(situation.text)
        return f"I opened **{number.group()}**: *{title}*.\n\n{_facts(result)}".rstrip()
    if result.name == "update_ticket":
        named = number.group() if number else "the ticket"
        return f"I updated **{named}**.\n\n{_facts(result)}".rstrip()
    return _tell_found(result)


def _plain_error(result: ToolResult) -> str:
    value = load_json(result.content)
    if isinstance(value, dict):
        return str(value.get("detail") or value.get("message") or value.get("error") or value.get("errors"))[:500]
    return result.content[:500]


def _facts(result: ToolResult) -> str:
    names = ("kind", "impact", "urgency", "priority", "state", "status", "comment", "assignee")
    facts = [(name, result.arguments[name]) for name in names if isinstance(result.arguments.get(name), str | int)]
    value = load_json(result.content)
    if isinstance(value, dict) and isinstance(value.get("priority"), str | int):
        facts.append(("priority", value["priority"]))
    return "\n".join(f"- {name.capitalize()}: {str(fact).replace('_', ' ')}" for name, fact in dict(facts).items())


def _next_steps(kind: str, situation: Situation) -> str:
    steps = NEXT_STEPS.get(kind.replace(" ", "_").casefold(), NEXT_STEPS["incident"])
    lead = (
        "Why it happens, a demo cannot find out. First things to look at:"
        if WHY.search(situation.words)
        else "Next steps:"
    )
    return lead + "\n\n" + "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _tell_found(result: ToolResult) -> str:
    rows = _rows(load_json(result.content))
    if rows:
        return f"I found {len(rows)}:\n\n" + "\n".join(f"- {row}" for row in rows[:10])
    if rows == [] or not result.content.strip():
        return "I found nothing that fits."
    return f"This is what `{result.name or 'the tool'}` gave:\n\n{result.content.strip()[:1500]}"


def _rows(value: Any) -> list[str] | None:
    """Return a line per row of a JSON list (also one wrapped in an object), or nothing when there is no list."""
    if isinstance(value, dict):
        lists = [part for part in value.values() if isinstance(part, list)]
        return _rows(lists[0]) if lists else None
    return [_row(row) for row in value] if isinstance(value, list) else None


def _row(row: Any) -> str:
    if not isinstance(row, dict):
        return str(row)[:200]
    head = next((str(row[key]) for key in ("number", "slug", "name", "id") if row.get(key)), "")
    keys = ("title", "name", "description", "state", "status", "priority")
    rest = [str(row[key]) for key in keys if row.get(key) and str(row[key]) != head]
    return f"**{head}**: {', '.join(rest)}"[:300] if head else ", ".join(rest)[:300]
