"""Tools: schema from the signature, rights, arguments, and what the calculators compute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, Field

from agents import tools, workforce
from agents.models import Agent
from agents.tools import ToolContext, ToolResult, registry
from agents.tools.calling import read_arguments
from tenants.exceptions import Conflict
from tests.agents.conftest import ACTOR


@dataclass
class Asker:
    """Somebody with the given permissions."""

    permissions: set[str] = field(default_factory=set)
    actor: str = "person:11111111-1111-1111-1111-111111111111"
    public_id: UUID = field(default_factory=uuid4)
    display_name: str = "Alice"

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return perm in self.permissions


def context_of(agent: Agent, tenant: Any, *permissions: str) -> ToolContext:
    return ToolContext(tenant=tenant, agent=agent, user=Asker(set(permissions)), actor=agent.actor)


class Part(BaseModel):
    """A part."""

    title: str


def paint(
    context: ToolContext,
    *,
    colour: Annotated[Literal["red", "blue"], Field(description="Which paint")],
    parts: list[Part],
    coats: Annotated[int, Field(ge=1, le=3)] = 1,
) -> ToolResult:
    """Paint the parts."""
    if colour == "blue":
        raise Conflict("Blue is out.")
    if coats == 3:
        raise RuntimeError("the secret of the house")
    return ToolResult(f"{coats} of {colour} on {parts[0].title}")


@pytest.fixture
def paint_tool(monkeypatch: pytest.MonkeyPatch) -> tools.Tool:
    """The tool `paint`, registered for one test."""
    made = registry.build_tool(paint, permission="tickets.add_ticket", writes=True, source="")
    monkeypatch.setitem(registry._tools, "paint", made)
    return made


def test_the_schema_comes_from_the_signature(paint_tool: tools.Tool) -> None:
    schema = paint_tool.openai_schema["function"]
    assert schema["description"] == "Paint the parts."
    parameters = schema["parameters"]
    assert parameters["required"] == ["colour", "parts"]
    assert parameters["additionalProperties"] is False
    assert parameters["properties"]["colour"] == {
        "description": "Which paint",
        "enum": ["red", "blue"],
        "type": "string",
    }
    assert parameters["properties"]["coats"] == {"default": 1, "minimum": 1, "maximum": 3, "type": "integer"}
    assert parameters["$defs"]["Part"]["properties"] == {"title": {"type": "string"}}


def test_a_parameter_without_a_type_is_refused_when_it_is_registered() -> None:
    def bend(context, *, angle):  # type: ignore[no-untyped-def]
        """Bend it."""

    with pytest.raises(TypeError, match="angle must be a typed, keyword-only parameter"):
        registry.build_tool(bend, permission=None, writes=False, source="")


def test_a_tool_without_a_docstring_is_refused() -> None:
    def bend(context: ToolContext) -> ToolResult:
        return ToolResult("")

    with pytest.raises(TypeError, match="no docstring"):
        registry.build_tool(bend, permission=None, writes=False, source="")


def test_wrong_arguments_come_back_as_words_that_name_them(paint_tool: tools.Tool) -> None:
    with pytest.raises(ValueError, match="paint was not called") as refused:
        read_arguments(paint_tool, '{"colour": "green", "coats": 9, "size": 1}')
    for field_name in ("colour", "parts", "coats", "size"):
        assert f"- {field_name}: " in str(refused.value)


@pytest.mark.parametrize("text", ["no json", "[]", "null", '{"colour": '])
def test_arguments_that_are_no_object_come_back_as_words(paint_tool: tools.Tool, text: str) -> None:
    with pytest.raises(ValueError, match="paint was not called"):
        read_arguments(paint_tool, text)


@pytest.fixture
def painter(in_acme: Any, paint_tool: tools.Tool) -> Agent:
    """A specialist who may open tickets and has the tool `paint`."""
    agent = Agent.objects.select_related("role").get(slug="incident-manager")
    return workforce.update_agent(agent, actor=ACTOR, tools=["paint", "search_directory"])


GOOD = {"colour": "red", "parts": [{"title": "door"}]}


@pytest.mark.promise("AGT-6")
def test_a_tool_needs_the_right_of_the_person_who_asks(painter: Agent, in_acme: Any) -> None:
    refused = tools.call_tool(context_of(painter, in_acme), "paint", GOOD)
    allowed = tools.call_tool(context_of(painter, in_acme, "tickets.add_ticket"), "paint", GOOD)
    assert refused.failed
    assert "Alice lacks the permission tickets.add_ticket" in refused.text
    assert (allowed.failed, allowed.text) == (False, "1 of red on door")


def test_a_tool_needs_the_roles_permission_too(painter: Agent, in_acme: Any) -> None:
    painter.role.permissions = []
    answer = tools.call_tool(context_of(painter, in_acme, "tickets.add_ticket"), "paint", GOOD)
    assert "Your role (Incident manager) may not use paint" in answer.text


def test_an_agent_calls_only_tools_it_has(painter: Agent, in_acme: Any) -> None:
    answer = tools.call_tool(context_of(painter, in_acme, "tickets.add_ticket"), "open_ticket", {})
    assert answer.text == "You do not have the tool open_ticket."
    assert "You have: paint, search_directory" in tools.call_tool(context_of(painter, in_acme), "fly", {}).text


def test_tools_that_the_person_may_not_use_are_not_offered(painter: Agent) -> None:
    offered = tools.tools_for(painter, Asker({"chat.send_message"}))
    assert [each.name for each in offered] == ["search_directory"]


def test_a_refusal_of_a_use_case_reaches_the_model_as_words(painter: Agent, in_acme: Any) -> None:
    answer = tools.call_tool(context_of(painter, in_acme, "tickets.add_ticket"), "paint", {**GOOD, "colour": "blue"})
    assert (answer.failed, answer.text) == (True, "Blue is out.")


def test_a_fault_of_ours_keeps_its_details_to_itself(painter: Agent, in_acme: Any) -> None:
    answer = tools.call_tool(context_of(painter, in_acme, "tickets.add_ticket"), "paint", {**GOOD, "coats": 3})
    assert answer.failed
    assert "secret" not in answer.text


# the directory and the handover


@pytest.fixture
def front_desk(in_acme: Any) -> Agent:
    return Agent.objects.select_related("role").get(slug="front-desk")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("VPN drops every day", "incident-manager"),
        ("order a second monitor, hardware request", "service-request-manager"),
        ("risk of a planned change, maintenance window", "change-manager"),
        ("recurring cause behind incidents", "problem-manager"),
        ("review code, stack trace", "code-reviewer"),
        ("chief executive", "chief-executive"),
    ],
)
def test_the_directory_finds_the_right_colleague(front_desk: Agent, in_acme: Any, words: str, expected: str) -> None:
    found = tools.call_tool(context_of(front_desk, in_acme, "chat.send_message"), "search_directory", {"words": words})
    assert found.data["agents"][0] == expected


def test_the_directory_shows_neither_the_seeker_nor_the_paused(front_desk: Agent, in_acme: Any) -> None:
    workforce.pause_agent(Agent.objects.get(slug="incident-manager"), actor=ACTOR)
    asked = {"words": "incident front desk"}
    found = tools.call_tool(context_of(front_desk, in_acme, "chat.send_message"), "search_directory", asked)
    assert not {"front-desk", "incident-manager"} & set(found.data["agents"])


def hand_over(agent: Agent, tenant: Any, slug: str) -> ToolResult:
    arguments = {"agent": slug, "reason": "Find out why the VPN drops."}
    return tools.call_tool(context_of(agent, tenant, "chat.send_message"), "hand_over", arguments)


def test_handing_over_names_the_colleague_for_the_runtime(front_desk: Agent, in_acme: Any) -> None:
    handoff = hand_over(front_desk, in_acme, "incident-manager").handoff
    assert handoff is not None
    assert (handoff.slug, handoff.reason) == ("incident-manager", "Find out why the VPN drops.")


@pytest.mark.parametrize(
    ("slug", "words"), [("front-desk", "That is you"), ("incident-manger", "Did you mean incident-manager")]
)
def test_a_handover_to_nobody_is_refused_with_words(front_desk: Agent, in_acme: Any, slug: str, words: str) -> None:
    answer = hand_over(front_desk, in_acme, slug)
    assert answer.handoff is None
    assert words in answer.text


def test_nobody_hands_over_to_a_paused_agent(front_desk: Agent, in_acme: Any) -> None:
    workforce.pause_agent(Agent.objects.get(slug="incident-manager"), actor=ACTOR)
    assert "is paused" in hand_over(front_desk, in_acme, "incident-manager").text


def test_the_executive_reads_the_chart_as_an_indented_list(in_acme: Any) -> None:
    chief = Agent.objects.select_related("role").get(slug="chief-executive")
    answer = tools.call_tool(context_of(chief, in_acme, "agents.view_agent"), "read_org_chart", {})
    assert "\n        - Front desk (front-desk), specialist" in answer.text
