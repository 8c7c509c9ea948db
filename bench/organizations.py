"""How long it takes until a new organization can be used: from the request to `active`, through the worker."""

from __future__ import annotations

import time
from statistics import median
from uuid import uuid4

from bench.figures import Figure
from tenants import provisioning
from tenants.context import platform_context
from tenants.models import Organization

COUNT = 10
TIMEOUT_S = 60.0
POLL_S = 0.01


def found_one(number: int) -> float:
    """Found an organization; returns the seconds until it is active. Raises when it does not become so."""
    began = time.perf_counter()
    slug = f"bench-{uuid4().hex[:8]}"
    new = provisioning.NewOrganization(f"Bench {number}", slug, "retail", options={"plan": "professional"})
    made = provisioning.create_organization(new, actor="system:bench")
    with platform_context():
        while time.perf_counter() - began < TIMEOUT_S:
            status = Organization.objects.values_list("status", flat=True).get(pk=made.pk)
            if status == Organization.Status.ACTIVE:
                return time.perf_counter() - began
            time.sleep(POLL_S)
    raise RuntimeError(f"{slug} is still {status} after {TIMEOUT_S:.0f} s.")


def measure() -> list[Figure]:
    """Return median and longest of ten."""
    took = [found_one(number) for number in range(COUNT)]
    return [
        Figure("new_organization_median", median(took), "s"),
        Figure("new_organization_longest", max(took), "s"),
    ]
