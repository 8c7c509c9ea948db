"""What the demo provider answers, seen through the tools that it is offered."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.providers.demo.arguments import fill_arguments, title_of
from routing.providers.demo.chat_request import parse_chat_request
from routing.providers.demo.reading import read_situation
from routing.providers.demo.rules import answer
from routing.providers.demo.wire import Reply

from .offers import DESK_TOOLS, FRONT_DESK, HAND_OVER, INCIDENT_MANAGER, OPEN_TICKET, SEARCH_DIRECTORY, VPN


def reply(text: str, system: str = FRONT_DESK, tools: list[Any] | None = None, *after: dict[str, Any]) -> Reply:
    """Return the reply to one message of a person, with what was said after it."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}, *after]
    body = {"model": "gpt-4o", "messages": messages, "tools": DESK_TOOLS if tools is None else tools}
    return answer(parse_chat_request(json.dumps(body).encode()))


def calls(text: str, system: str = FRONT_DESK, tools: list[Any] | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Return names and arguments of the tool calls that a message leads to."""
    return [(call.name, call.arguments) for call in reply(text, system, tools).tool_calls]


def done(name: str, arguments: dict[str, Any], result: Any) -> list[dict[str, Any]]:
    """Return the messages of a tool call and its result."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps(result)},
    ]


@pytest.mark.parametrize(
    "text", ["Hi", "hello!", "Good morning", "Guten Tag", "Hola", "Bonjour", "Olá", "Namaste", "Hey, how are you?"]
)
def test_a_greeting_is_answered_in_the_agents_name_without_tools(text: str) -> None:
    said = reply(text)
    assert said.tool_calls == []
    assert "Front Desk" in said.text


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        (VPN, "incident-manager"),
        ("Mein VPN bricht jeden Tag um neun ab, bitte ein Ticket erstellen", "incident-manager"),
        ("Mi VPN se cae cada día, abre un ticket por favor", "incident-manager"),
        ("Mon VPN ne marche plus, ouvrez un ticket", "incident-manager"),
        ("Meu VPN caiu, abra um chamado", "incident-manager"),
        ("VPN kaam nahi kar raha, ticket bana do", "incident-manager"),
        ("The mail server is down for everyone", "incident-manager"),
        ("I need a change request for the firewall", "change-manager"),
        ("Please review my code in this pull request", "code-reviewer"),
    ],
)
def test_the_front_desk_hands_over_to_the_colleague_whom_it_is_for(text: str, slug: str) -> None:
    ((name, arguments),) = calls(text)
    assert (name, arguments["agent"]) == ("hand_over", slug)
    assert arguments["reason"]


@pytest.mark.parametrize("text", ["What is a VPN?", "What are your opening hours?", "Thanks!", "Tell me a joke"])
def test_what_is_for_nobody_is_answered_in_words(text: str) -> None:
    assert calls(text) == []


def test_the_incident_manager_opens_the_ticket_itself() -> None:
    ((name, arguments),) = calls(VPN, INCIDENT_MANAGER)
    assert name == "open_ticket"
    assert arguments["title"] == "VPN drops every day at nine"
    assert (arguments["kind"], arguments["impact"]) == ("incident", "low")


def test_an_outage_for_all_that_is_urgent_has_the_highest_impact() -> None:
    ((_, arguments),) = calls("Urgent: the mail server is down for everyone", INCIDENT_MANAGER)
    assert (arguments["impact"], arguments["urgency"]) == ("high", "high")


def test_after_the_ticket_it_names_number_and_next_steps() -> None:
    said = reply(VPN, INCIDENT_MANAGER, None, *done("open_ticket", {"kind": "incident"}, {"number": "INC-000001"}))
    assert said.tool_calls == []
    assert "**INC-000001**" in said.text
    assert "\n1. " in said.text


def test_a_refused_tool_is_reported_and_not_called_again() -> None:
    refusal = {"error": "tickets_per_month is used up"}
    said = reply(VPN, INCIDENT_MANAGER, None, *done("open_ticket", {"kind": "incident"}, refusal))
    assert said.tool_calls == []
    assert "tickets_per_month is used up" in said.text
    assert "I opened" not in said.text


def test_a_hand_over_is_not_repeated() -> None:
    after = done("hand_over", {"agent": "incident-manager"}, {"ok": True})
    names = [call.name for call in reply(VPN, FRONT_DESK, None, *after).tool_calls]
    assert names == ["open_ticket"]


def test_it_hands_over_to_the_one_who_does_the_work_and_not_to_the_lead() -> None:
    system = "You are Front Desk.\n- incident-lead: Incident lead. Leads a team.\n- incident-manager: Takes incidents."
    assert calls(VPN, system)[0][1]["agent"] == "incident-manager"


def test_who_was_given_a_conversation_keeps_it() -> None:
    system = f"{FRONT_DESK}\n# Handed over to you\nThe front desk passed this conversation to you."
    assert [name for name, _ in calls(VPN, system)] == ["open_ticket"]


def test_without_a_known_colleague_it_searches_the_directory_first() -> None:
    tools = [HAND_OVER, SEARCH_DIRECTORY]
    assert calls(VPN, "You are Front Desk.", tools) == [("search_directory", {"query": "incident"})]


def test_it_hands_over_to_whom_the_directory_names() -> None:
    found = done(
        "search_directory", {"query": "incident"}, {"agents": [{"slug": "incident-lead", "name": "Incidents"}]}
    )
    said = reply(VPN, "You are Front Desk.", [HAND_OVER, SEARCH_DIRECTORY], *found)
    assert said.tool_calls[0].arguments["agent"] == "incident-lead"


def test_a_ticket_is_found_by_its_number() -> None:
    assert calls("What is the status of INC-000007?", INCIDENT_MANAGER) == [("find_tickets", {"query": "INC-000007"})]


def test_a_ticket_is_resolved_by_its_number() -> None:
    wanted = ("update_ticket", {"number": "INC-000007", "state": "resolved"})
    assert calls("INC-000007 is fixed, please update it", INCIDENT_MANAGER) == [wanted]


def test_open_tickets_are_listed_and_none_is_opened() -> None:
    assert [name for name, _ in calls("Show me all open tickets", INCIDENT_MANAGER)] == ["find_tickets"]


def test_knowledge_that_it_was_given_is_quoted() -> None:
    system = "You are Desk.\n\nKnowledge:\n- The cafeteria opens at eight.\n- Parking is free.\n"
    assert "cafeteria opens at eight" in reply("When does the cafeteria open?", system, []).text


def test_a_title_is_one_concise_clause() -> None:
    assert title_of("Hello! Please open a ticket: the printer jams. It is on floor 3.") == "Printer jams"


ODD_SCHEMA = {
    "type": "object",
    "required": ["impact", "count", "when", "tags", "nested", "flag", "mode", "either", "title"],
    "properties": {
        "impact": {"enum": [1, 2, 3]},
        "count": {"type": "integer", "minimum": 5, "maximum": 9},
        "when": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}, "minItems": 2},
        "nested": {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "x"}}},
        "flag": {"type": "boolean"},
        "mode": {"type": "string", "enum": ["fast", "slow"], "default": "slow"},
        "either": {"anyOf": [{"type": "null"}, {"type": "number"}]},
        "title": {"type": "string", "minLength": 4, "maxLength": 10},
    },
    "additionalProperties": False,
}


@given(text=st.text(max_size=200))
def test_arguments_always_fit_the_schema(text: str) -> None:
    for schema in (ODD_SCHEMA, OPEN_TICKET["function"]["parameters"]):
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
        situation = read_situation(parse_chat_request(json.dumps(body).encode()))
        jsonschema.validate(fill_arguments(schema, situation), schema)


SCHEMA_WORDS = ["type", "properties", "required", "enum", "items", "anyOf", "$ref", "title", "minItems"]
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
ODD_VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SCHEMA_WORDS), inner, max_size=4),
    max_leaves=10,
)


@given(text=st.text(max_size=300), schema=ODD_VALUES)
def test_odd_text_and_odd_schemas_never_break_it(text: str, schema: Any) -> None:
    tools = [{"type": "function", "function": {"name": "open_ticket", "parameters": schema}}]
    assert isinstance(reply(f"open a ticket {text}", INCIDENT_MANAGER, tools), Reply)
