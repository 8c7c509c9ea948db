"""Generated data for benches and screenshots of full pages. It is made up, and no organization of a person has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid5

from django.db import connection, transaction
from django.utils import timezone

from agents.models import Agent
from agents.tickets.models import Ticket, TicketChange, TicketCounter
from agents.tickets.priorities import LEVELS, priority_of
from agents.tickets.states import LIFE_CYCLES
from billing import rollups
from tenants.context import Tenant, tenant_context
from tenants.models import Organization

NAMES = UUID("6f1b8f53-9d0e-4a3c-8f5b-4f0f0a3f5a10")
AGENTS = tuple(
    (uuid5(NAMES, slug), slug)
    for slug in ("front-desk", "incident-manager", "service-desk", "change-manager", "code-reviewer", "analyst")
)

# One statement makes queries with one to three attempts each: some of them a failed first one, some a tool's round.
# The last attempt answers. Nights and weekends are quiet.
USAGE = """
WITH query AS (
  SELECT gen_random_uuid() AS query_id, random() AS dice, random() AS luck,
    CASE WHEN random() < 0.7 THEN 'small' ELSE 'large' END AS tier, 1 + floor(random() * %(agents)s)::int AS agent,
    date_trunc('day', %(until)s::timestamptz) - make_interval(days => floor(random() * %(days)s)::int)
      + make_interval(secs => least(86399, greatest(0, 46800 + (random() + random() + random() - 1.5) * 28800))) AS at
  FROM generate_series(1, %(queries)s)
), attempt AS (
  SELECT *, count(*) OVER (PARTITION BY query_id) AS attempts, (400 + random() * 1600)::int AS tokens_in,
    (40 + random() * 400)::int AS tokens_out, luck < 0.03 AND number = 1 AND dice > 0.75 AS fails
  FROM query CROSS JOIN LATERAL
    generate_series(1, CASE WHEN dice > 0.95 THEN 3 WHEN dice > 0.75 THEN 2 ELSE 1 END) AS number
  WHERE at < %(until)s
), made AS (
  INSERT INTO billing_usagerecord (public_id, query_id, attempt, kind, name, provider, model, tier, agent_id,
    agent_slug, state, outcome, error, input_tokens, output_tokens, cached_tokens, cost, baseline_cost,
    estimated_input_tokens, estimated_cost, estimated_baseline_cost, latency_ms, first_token_ms, opened_at, closed_at,
    answers, is_rolled_up)
  SELECT gen_random_uuid(), query_id, number, 'model_call', '', 'demo',
    CASE tier WHEN 'small' THEN 'llama-3.2-3b' ELSE 'gpt-4o' END, tier, (%(agent_ids)s::uuid[])[agent],
    (%(agent_slugs)s::text[])[agent], 'closed', CASE WHEN fails THEN 'failed' ELSE 'final' END,
    CASE WHEN fails THEN 'timeout' ELSE '' END, CASE WHEN fails THEN 0 ELSE tokens_in END,
    CASE WHEN fails THEN 0 ELSE tokens_out END, 0,
    CASE WHEN fails THEN 0 WHEN tier = 'small' THEN tokens_in * 0.00000006 + tokens_out * 0.00000006
      ELSE tokens_in * 0.0000025 + tokens_out * 0.00001 END,
    CASE WHEN fails THEN 0 ELSE tokens_in * 0.0000025 + tokens_out * 0.00001 END, 0, 0, 0,
    (200 + exp(random() * 7))::int, (80 + random() * 300)::int, at + make_interval(secs => number * 2),
    at + make_interval(secs => number * 2 + 1), number = attempts, false
  FROM attempt RETURNING cost, opened_at
)
INSERT INTO billing_monthlyspend AS spend (month, spent, reserved, is_warned)
SELECT date_trunc('month', opened_at)::date, sum(cost), 0, true FROM made GROUP BY 1
ON CONFLICT (month) DO UPDATE SET spent = spend.spent + EXCLUDED.spent
"""
ATTEMPTS_A_QUERY = 1.3


def make_usage(
    tenant: Tenant | Organization,
    records: int,
    *,
    days: int = 30,
    until: datetime | None = None,
    agents: Sequence[tuple[UUID, str]] = AGENTS,
    roll_up: bool = True,
) -> int:
    """Give an organization about `records` usage records over the last `days`; returns how many it has now.

    `agents` are public ids and slugs. About 10 s for 100,000 with their rollups.
    """
    with tenant_context(tenant), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT setseed(0.42)")
            cursor.execute(
                USAGE,
                {
                    "queries": round(records / ATTEMPTS_A_QUERY),
                    "days": days,
                    "until": until or timezone.now(),
                    "agents": len(agents),
                    "agent_ids": [agent for agent, _ in agents],
                    "agent_slugs": [slug for _, slug in agents],
                },
            )
            cursor.execute("SELECT count(*) FROM billing_usagerecord")
            made = int(cursor.fetchone()[0])
    if roll_up:
        with tenant_context(tenant):
            rollups.roll_up()
    return made


SYMPTOMS = ("VPN drops at nine", "Printer jams", "Mail is late", "Screen stays black", "Log-in fails", "Disk is full")
PLACES = ("floor one", "floor two", "the warehouse", "the branch office", "the shop", "the meeting room")
OPEN_SHARE = 0.06


def make_tickets(tenant: Tenant | Organization, tickets: int, *, days: int = 90, until: datetime | None = None) -> int:
    """Give an organization tickets of all types over the last `days`, most of them done; returns how many it has."""
    dice, until = Random(7), until or timezone.now()
    with tenant_context(tenant), transaction.atomic():
        agents = list(Agent.objects.on_duty())
        last = {counter.kind: counter.last for counter in TicketCounter.objects.all()}
        rows = []
        for at in sorted(until - timedelta(days=days) * dice.random() for _ in range(tickets)):
            kind = dice.choice(("incident", "incident", "incident", *LIFE_CYCLES))
            last[kind] = last.get(kind, 0) + 1
            rows.append(_ticket(dice, kind, last[kind], at, agents))
        made = Ticket.objects.bulk_create(rows, batch_size=1000)
        TicketChange.objects.bulk_create(
            (
                TicketChange(ticket=row, field="state", after=row.state, actor=row.opened_by, at=row.opened_at)
                for row in made
            ),
            batch_size=2000,
        )
        for kind, number in last.items():
            TicketCounter.objects.update_or_create(kind=kind, defaults={"last": number})
        return Ticket.objects.count()


def _ticket(dice: Random, kind: str, number: int, at: datetime, agents: Sequence[Agent]) -> Ticket:
    cycle = LIFE_CYCLES[kind]
    open_states = [state for state in cycle.states if state not in cycle.closed]
    is_open = dice.random() < OPEN_SHARE
    impact, urgency, agent = dice.choice(LEVELS), dice.choice(LEVELS), dice.choice(agents)
    done_at = None if is_open else at + timedelta(hours=dice.uniform(0.2, 60))
    return Ticket(
        number=f"{cycle.prefix}-{number:06d}",
        kind=kind,
        title=f"{dice.choice(SYMPTOMS)} in {dice.choice(PLACES)}",
        description="Made by the bench.",
        impact=impact,
        urgency=urgency,
        priority=priority_of(impact, urgency),
        state=dice.choice(open_states) if is_open else dice.choice(sorted(cycle.closed)),
        assigned_agent=agent if dice.random() < 0.8 else None,
        requester=agent.actor,
        opened_by=agent.actor,
        opened_at=at,
        updated_at=done_at or at,
        resolved_at=done_at,
    )
