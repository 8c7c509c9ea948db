"""What agents may do at the desk. Rights are those of the person who asks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agents.tickets import desk
from agents.tickets.models import Ticket
from agents.tickets.queries import card
from agents.tools import ToolContext, ToolResult, tool
from tenants.exceptions import Refusal

Kind = Literal["incident", "service_request", "problem", "change"]
Level = Literal["high", "medium", "low"]
Number = Annotated[str, Field(min_length=5, max_length=40, description="The ticket's number, such as INC-000042")]


@tool(permission="tickets.add_ticket", writes=True, source="Tickets")
def open_ticket(
    context: ToolContext,
    *,
    title: Annotated[
        str, Field(min_length=3, max_length=200, description="One line that says what is wrong or wanted")
    ],
    kind: Annotated[
        Kind, Field(description="incident: something is broken; service_request: something is wanted")
    ] = "incident",
    description: Annotated[str, Field(max_length=20_000, description="What is known: since when, where, who")] = "",
    impact: Annotated[Level, Field(description="How many people or how much business it touches")] = "medium",
    urgency: Annotated[Level, Field(description="How soon it must be mended")] = "medium",
) -> ToolResult:
    """Open a ticket for the person and give its number back. Use it when something must be followed up."""
    new = desk.NewTicket(
        title=title,
        kind=kind,
        description=description,
        impact=impact,
        urgency=urgency,
        requester=context.user.actor,
        assigned_agent=context.agent,
        conversation=context.conversation,
    )
    try:
        ticket = desk.open_ticket(new, actor=context.actor)
    except Refusal as refusal:
        return ToolResult.failure(refusal.detail)
    words = f"{ticket.number} is open, priority {ticket.priority}, assigned to {context.agent.name}: {ticket.title}"
    return ToolResult(words, data={"ticket": card(ticket)})


@tool(permission="tickets.view_ticket", source="Tickets")
def find_tickets(
    context: ToolContext,
    *,
    number: Annotated[str, Field(max_length=40, description="The number of one ticket, if it is known")] = "",
    words: Annotated[str, Field(max_length=200, description="Words in title or description")] = "",
    state: Literal["open", "closed", "any"] = "open",
) -> ToolResult:
    """Find tickets by number or by words, newest first, ten at most. Use it before opening one that may exist."""
    rows = Ticket.objects.select_related("assigned_agent")
    if number:
        rows = rows.filter(number=number.strip().upper())
    elif state != "any":
        rows = rows.open() if state == "open" else rows.exclude(pk__in=Ticket.objects.open().values("pk"))
    if words:
        rows = rows.matching(words)
    found = list(rows.order_by("-id")[:10])
    if not found:
        return ToolResult("No ticket fits.")
    lines = [f"- {t.number} ({t.state_label}, priority {t.priority}): {t.title}" for t in found]
    return ToolResult("\n".join(lines), data={"tickets": [card(t) for t in found]})


@tool(permission="tickets.change_ticket", writes=True, source="Tickets")
def update_ticket(
    context: ToolContext,
    *,
    number: Number,
    comment: Annotated[str, Field(max_length=20_000, description="Something to add to the ticket's time line")] = "",
    step: Annotated[
        str, Field(max_length=20, description="A step of its life cycle: start, wait, resolve, reopen, close, …")
    ] = "",
    note: Annotated[str, Field(max_length=20_000, description="What was done, or why; steps may need it")] = "",
    impact: Level | None = None,
    urgency: Level | None = None,
) -> ToolResult:
    """Comment on a ticket, take a step of its life cycle, or change impact and urgency."""
    changes = {name: value for name, value in (("impact", impact), ("urgency", urgency)) if value is not None}
    if not (comment or step or changes):
        return ToolResult.failure("Nothing was changed: give a comment, a step, an impact or an urgency.")
    try:
        ticket = desk.apply(
            desk.find(number), changes=changes, comment_text=comment, step=step, note=note, actor=context.actor
        )
    except Refusal as refusal:
        return ToolResult.failure(refusal.detail)
    words = f"{ticket.number} is {ticket.state_label.lower()}, priority {ticket.priority}."
    return ToolResult(words, data={"ticket": card(ticket)})
