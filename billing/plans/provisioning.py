"""The step that puts a new organization on the plan its founder chose."""

from __future__ import annotations

from billing.plans.subscriptions import DEFAULT_PLAN, start_subscription
from tenants.models import Organization
from tenants.provisioning import register_step

STEP = "Choose the plan"


def register() -> None:
    register_step(STEP, subscribe)


def subscribe(organization: Organization) -> None:
    """Start the subscription; runs inside the new tenant and is safe to repeat."""
    options = organization.provisioning.get("options", {})
    start_subscription(organization, options.get("plan") or DEFAULT_PLAN, actor="system:provisioning")
