"""The parts of the bench that use the product's own code; imported once Django is set up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from bench import chain, chat, completions, organizations, overview
from bench.figures import Figure
from bench.stack import Stack
from billing.limits import QUOTAS
from billing.plans.subscriptions import set_quota
from tenants.context import platform_context, tenant_context
from tenants.keys import NewKey, create_key
from tenants.models import Organization
from tenants.permissions import DEFAULT_SCOPES

SLUG = "acme"
CHAIN_SECONDS = 4.0
CHAIN_ENTRIES = 50_000

Figures = Iterable[Figure | tuple[str, float, str]]


def measure(stack: Stack, parts: set[str]) -> Iterator[Figures]:
    """Yield the figures of each part that is wanted."""
    organization, key = prepare()
    steps: dict[str, Callable[[], Figures]] = {
        "organizations": organizations.measure,
        "chat": lambda: asyncio.run(chat.measure(stack, key)),
        "completions": lambda: asyncio.run(completions.measure(stack, key)),
        "pages": lambda: measure_pages(organization, stack.port),
        "chain": measure_chain,
    }
    for name, step in steps.items():
        if name in parts:
            yield step()
    if parts >= {"chat", "completions"}:
        yield [Figure("pss_after_load_all", sum(stack.pss_mib().values()), "MiB")]


def measure_pages(organization: Organization, port: int) -> Figures:
    """Figures of the pages, once the organization has a history."""
    overview.fill(organization)
    return overview.measure(organization, port)


def measure_chain() -> Figures:
    """Figures of the chain, on eight organizations that are deleted again."""
    with chain.organizations_for_a_while(8) as founded:
        yield from chain.measure(founded, seconds=CHAIN_SECONDS, entries=CHAIN_ENTRIES)


def prepare() -> tuple[Organization, str]:
    """Lift the quotas of the organization that is measured; returns it and a key."""
    with platform_context():
        organization = Organization.objects.get(slug=SLUG)
    with tenant_context(organization):
        for name in QUOTAS:
            set_quota(name, None, actor="system:bench")
        _, key = create_key(NewKey("bench", DEFAULT_SCOPES), actor="system:bench")
    return organization, key
