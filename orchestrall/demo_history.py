"""Plays a day's work of an organization through the demo provider: real queries, answered by the real runtime.

Nothing is written here: conversations, tickets, usage and audit entries come from the turns themselves and carry the
time at which they happened.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, cycle, islice, zip_longest
from pathlib import Path
from typing import Any

import yaml

from agents.chat.asking import Question
from agents.models import Agent
from agents.runtime.events import HandedOver, TicketTouched, Total, TurnAnswered, TurnEvent
from agents.runtime.registry import registry
from routing.providers.status import only_demo_answers
from tenants.context import Tenant, platform_context, tenant_context
from tenants.exceptions import NotFound, Refusal
from tenants.models import Organization, User

QUERIES = Path(__file__).with_name("demo_queries.yaml")
AT_ONCE = 3


class NotPlayable(Refusal):
    """There is nobody to ask, or answers would come from elsewhere than the demo provider."""

    status = 409
    type = "not-playable"
    title = "The history cannot be played"


@dataclass(frozen=True, slots=True)
class Talk:
    """Questions of one conversation; `to` is the slug of the agent who is asked, None for the front desk."""

    ask: Sequence[str]
    to: str | None = None


@dataclass(slots=True)
class Played:
    """What came of it. `refused` counts the reasons of questions that got no answer."""

    answered: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    handed_over: int = 0
    tickets: set[str] = field(default_factory=set)
    cost: Decimal = Decimal(0)
    baseline_cost: Decimal = Decimal(0)
    refused: Counter[str] = field(default_factory=Counter)

    def note(self, event: TurnEvent) -> None:
        """Count what a turn tells."""
        if isinstance(event, HandedOver):
            self.handed_over += 1
        elif isinstance(event, TicketTouched) and event.tool == "open_ticket":
            self.tickets.add(str(event.ticket["number"]))
        elif isinstance(event, TurnAnswered):
            total = Total.of(event.calls)
            self.answered += 1
            self.tiers[event.calls[-1].tier] += 1
            self.cost += total.cost
            self.baseline_cost += total.baseline_cost


def load_talks(industry: str) -> list[Talk]:
    """Return the conversations for an industry, its own ones spread among everybody's."""
    lists: dict[str, list[dict[str, Any]]] = yaml.safe_load(QUERIES.read_text())
    common, own = lists["everybody"], lists.get(industry, lists["general"])
    mixed = zip_longest(common[::2], common[1::2], own)
    return [Talk(**row) for row in chain.from_iterable(mixed) if row is not None]


def choose(talks: Sequence[Talk], queries: int) -> Iterator[Talk]:
    """Give out conversations with that many questions in all, from the beginning again when they are used up."""
    left = queries
    for talk in cycle(talks):
        if left <= 0:
            return
        yield Talk(list(islice(talk.ask, left)), talk.to)
        left -= len(talk.ask)


def play(organization: Organization, queries: int) -> Played:
    """Ask the questions as the organization's owner, a few conversations at a time.

    Raises NotPlayable when a real provider would answer, or nobody.
    """
    with platform_context():
        owner = User.objects.filter(memberships__organization=organization, memberships__role="owner")
        person = owner.order_by("pk").first()
    if person is None:
        raise NotPlayable(f"{organization.name} has no owner who could ask.")
    tenant = organization.as_tenant()
    with tenant_context(tenant):
        if not only_demo_answers():
            raise NotPlayable("A real provider is configured: the questions would cost money.")
        on_duty = set(Agent.objects.on_duty().values_list("slug", flat=True))
    talks = [talk for talk in load_talks(organization.industry) if talk.to is None or talk.to in on_duty]
    return asyncio.run(_play(tenant, person, list(choose(talks, queries))))


async def _play(tenant: Tenant, person: User, talks: list[Talk]) -> Played:
    played, waiting = Played(), iter(talks)

    async def work() -> None:
        for talk in waiting:
            await _hold(tenant, person, talk, played)

    try:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    finally:
        await registry().close()
    return played


async def _hold(tenant: Tenant, person: User, talk: Talk, played: Played) -> None:
    conversation = None
    for text in talk.ask:
        question = Question(tenant, person, text, conversation_id=conversation, agent_slug=talk.to)
        try:
            launched = await registry().start(question, listener=played.note)
        except Refusal as refusal:
            played.refused[refusal.detail] += 1
            continue
        conversation = launched.begun.conversation_id
        if launched.running is not None:
            await launched.running.wait()
            if (failure := launched.running.run.refusal) is not None:
                played.refused[failure.detail] += 1


def find_organization(slug: str) -> Organization:
    """Return the organization. Raises NotFound."""
    with platform_context():
        organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise NotFound(f"There is no organization with the slug {slug!r}.")
    return organization
