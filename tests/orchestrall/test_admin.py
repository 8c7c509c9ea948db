"""The Django admin on the platform's host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse as django_reverse

from agents.models import Agent
from agents.tickets import desk
from audit.models import Entry
from tenants import provisioning
from tenants.context import platform_context, tenant_context
from tenants.models import Organization
from tests.conftest import Cast

ClientOf = Callable[..., Any]


def reverse(name: str, args: Any = None) -> str:
    return django_reverse(name, urlconf="orchestrall.urls_platform", args=args)


@pytest.fixture
def staff(cast: Cast, client_of: ClientOf) -> Any:
    """Sam, signed in on the platform's host."""
    return client_of(cast.sam, None)


def shared_models() -> list[str]:
    from orchestrall.staff.tenant_rows import TenantRowsAdmin

    return sorted(
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model, registered in admin.site._registry.items()
        if not isinstance(registered, TenantRowsAdmin)
    )


TENANT_MODELS = [
    "agents_agent",
    "tickets_ticket",
    "chat_conversation",
    "chat_message",
    "routing_routingdecision",
    "billing_usagerecord",
    "audit_entry",
]


@pytest.mark.promise("UI-3")
def test_every_list_of_the_platform_opens(staff: Any) -> None:
    for name in shared_models():
        assert staff.get(reverse(f"admin:{name}_changelist")).status_code == 200, name


def test_the_first_page_shows_all_organizations(staff: Any) -> None:
    page = staff.get("/admin/")
    assert page.status_code == 200
    assert "None broken" in page.content.decode()


@pytest.mark.promise("UI-3")
@pytest.mark.parametrize("name", TENANT_MODELS)
def test_staff_look_into_one_organization(cast: Cast, staff: Any, name: str) -> None:
    staff.get(f"/admin/organization/?organization={cast.acme.pk}")
    page = staff.get(reverse(f"admin:{name}_changelist"))
    assert page.status_code == 200
    assert "You look into" in page.content.decode()


@pytest.mark.promise("TEN-3")
def test_the_switcher_shows_one_organization_and_not_the_other(cast: Cast, staff: Any) -> None:
    for organization, secret in ((cast.acme, "acme-secret"), (cast.meridian, "meridian-secret")):
        with tenant_context(organization):
            desk.open_ticket(desk.NewTicket(secret), actor="system:tests")
    staff.get(f"/admin/organization/?organization={cast.meridian.pk}")
    page = staff.get("/admin/tickets/ticket/").content.decode()
    assert "meridian-secret" in page
    assert "acme-secret" not in page


@pytest.mark.promise("UI-3")
def test_each_look_is_in_the_organizations_own_chain(cast: Cast, staff: Any) -> None:
    staff.get(f"/admin/organization/?organization={cast.acme.pk}")
    staff.get("/admin/tickets/ticket/")
    with tenant_context(cast.acme):
        entry = Entry.objects.get(action="platform.tenant.viewed")
    assert entry.actor == cast.sam.actor


def test_without_a_choice_staff_are_led_to_the_switcher(staff: Any) -> None:
    response = staff.get("/admin/tickets/ticket/")
    assert (response.status_code, response["Location"]) == (302, "/admin/organization/")


def test_a_tenants_row_opens_and_cannot_be_edited(cast: Cast, staff: Any) -> None:
    staff.get(f"/admin/organization/?organization={cast.acme.pk}")
    with tenant_context(cast.acme):
        agent = Agent.objects.first()
    assert agent is not None
    path = reverse("admin:agents_agent_change", args=[agent.pk])
    assert staff.get(path).status_code == 200
    assert staff.post(path, {"name": "Mine"}).status_code == 403
    with tenant_context(cast.acme):
        assert Agent.objects.get(pk=agent.pk).name == agent.name


@pytest.mark.promise("UI-3")
def test_staff_pause_agents_in_bulk(cast: Cast, staff: Any) -> None:
    staff.get(f"/admin/organization/?organization={cast.acme.pk}")
    with tenant_context(cast.acme):
        chosen = list(Agent.objects.filter(level="specialist").values_list("pk", flat=True)[:1])
    staff.post("/admin/agents/agent/", {"action": "pause", "_selected_action": chosen})
    with tenant_context(cast.acme):
        assert Agent.objects.get(pk=chosen[0]).status == "paused"


@pytest.mark.promise("TEN-1")
def test_staff_found_an_organization(staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(provisioning, "_start_job", started.append)
    data = {"name": "Globex", "slug": "globex", "industry": "retail", "size": "small", "region": "any", "plan": "basic"}
    response = staff.post("/admin/tenants/organization/add/", data)
    with platform_context():
        organization = Organization.objects.get(slug="globex")
    assert response["Location"] == reverse("admin:tenants_organization_change", args=[organization.pk])
    assert "of" in staff.get(response["Location"]).content.decode()
    assert organization.provisioning["options"] == {"plan": "basic"}


def test_staff_suspend_in_bulk(cast: Cast, staff: Any) -> None:
    staff.post("/admin/tenants/organization/", {"action": "suspend", "_selected_action": [str(cast.acme.pk)]})
    with platform_context():
        assert Organization.objects.get(pk=cast.acme.pk).status == "suspended"


def test_an_organization_cannot_be_deleted_row_by_row(cast: Cast, staff: Any) -> None:
    assert staff.post(reverse("admin:tenants_organization_delete", args=[cast.acme.pk])).status_code == 403


@pytest.mark.parametrize("who", ["alice", "vera"])
def test_the_admin_is_for_staff(cast: Cast, client_of: ClientOf, who: str) -> None:
    assert client_of(getattr(cast, who), None).get("/admin/").status_code == 302


def test_the_admin_answers_on_the_platforms_host_alone(cast: Cast, client_of: ClientOf) -> None:
    assert client_of(cast.alice, cast.acme).get("/admin/").status_code == 404
