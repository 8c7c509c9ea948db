"""How an organization comes into being: a job of named steps, each safe to repeat, with progress to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from celery import current_app
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.chain import record
from tenants import database, hosts
from tenants.context import current_tenant, on_commit, platform_context, tenant_context
from tenants.exceptions import Conflict, Invalid
from tenants.models import Domain, Membership, Organization, User

Step = Callable[[Organization], None]


@dataclass(frozen=True, slots=True)
class RegisteredStep:
    name: str
    run: Step


_steps: list[RegisteredStep] = []


def register_step(name: str, run: Step) -> None:
    """Add a step for new organizations, from `AppConfig.ready()`.

    `run(organization)` is called inside the tenant's context and in a transaction of its own; it must be safe to
    repeat. `organization.provisioning["options"]` holds what the founder chose (`plan`).
    """
    if all(step.name != name for step in _steps):
        _steps.append(RegisteredStep(name, run))


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What is needed to found one; `options` go to the registered steps (`{"plan": "basic"}`)."""

    name: str
    slug: str
    industry: str = "general"
    size: str = "small"
    region: str = "any"
    options: Mapping[str, Any] = field(default_factory=dict)


def create_organization(new: NewOrganization, *, actor: str, owner: User | None = None) -> Organization:
    """Found an organization and start its provisioning job; it is usable once its status is `active`.

    Raises Invalid with messages by field, Conflict when the slug is taken. Writes `tenants.organization.created` to
    the platform's chain in the same transaction.
    """
    with platform_context():
        organization = Organization(
            name=new.name.strip(),
            slug=new.slug.strip().lower(),
            industry=new.industry,
            size=new.size,
            region=new.region,
            provisioning={"options": dict(new.options), "steps": _pending_steps()},
        )
        _check(organization)
        try:
            with transaction.atomic():
                organization.save()
                Domain.objects.create(domain=hosts.host_of(organization.slug), tenant=organization, is_primary=True)
                if owner is not None:
                    Membership.objects.create(organization=organization, user=owner, role="owner")
                record(
                    action="tenants.organization.created",
                    target=f"tenants.organization:{organization.id}",
                    actor=actor,
                    payload={
                        "name": organization.name,
                        "slug": organization.slug,
                        "industry": organization.industry,
                        "size": organization.size,
                        "owner": owner.actor if owner else None,
                    },
                )
                on_commit(_start_job, str(organization.id))
        except IntegrityError:
            raise Conflict(
                f"The slug “{organization.slug}” is taken. Please choose another.",
                errors={"slug": ["This slug is taken."]},
            ) from None
        hosts.forget_hosts(organization)
    return organization


def _check(organization: Organization) -> None:
    try:
        organization.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        fields = {name: [str(m) for m in messages] for name, messages in error.message_dict.items()}
        raise Invalid("; ".join(m for messages in fields.values() for m in messages), errors=fields) from None
    if Organization.objects.filter(slug=organization.slug).exists():
        raise Conflict(
            f"The slug “{organization.slug}” is taken. Please choose another.", errors={"slug": ["This slug is taken."]}
        )


def _start_job(organization_id: str) -> None:
    # By name: the tasks import this module.
    current_app.send_task("tenants.tasks.provision_organization", args=[organization_id])


def restart(organization: Organization) -> None:
    """Start the job again for one whose set-up failed or hangs. Raises Conflict for an organization that is open."""
    if organization.status not in (Organization.Status.FAILED, Organization.Status.PROVISIONING):
        raise Conflict(f"{organization.name} is set up already.")
    _start_job(str(organization.id))


SCHEMA_STEP, TABLES_STEP, OPEN_STEP = "Make the schema and its role", "Make the tables", "Open the doors"


def _pending_steps() -> list[dict[str, str]]:
    names = [SCHEMA_STEP, TABLES_STEP, *(step.name for step in _steps), OPEN_STEP]
    return [{"name": name, "state": "waiting", "at": ""} for name in names]


def provision(organization_id: UUID | str) -> Organization:
    """Run the provisioning steps that are not done yet, and open the organization.

    Idempotent: a redelivered job goes on where the former one stopped. A failing step leaves the status `failed` with
    the reason, and is raised.
    """
    with platform_context():
        organization = _claim(organization_id)
    if organization.status == Organization.Status.ACTIVE:
        return organization
    try:
        _run_step(organization, SCHEMA_STEP, _make_schema)
        _run_step(organization, TABLES_STEP, lambda o: database.migrate_tenant(o.schema_name))
        for step in _steps:
            _run_step(organization, step.name, lambda o, run=step.run: _in_tenant(o, run))  # type: ignore[misc]
        _run_step(organization, OPEN_STEP, _open)
    except Exception as error:
        organization.status = Organization.Status.FAILED
        organization.status_reason = f"{type(error).__name__}: {error}"[:300]
        _save(organization, "status", "status_reason")
        raise
    hosts.forget_hosts(organization)
    return organization


def _claim(organization_id: UUID | str) -> Organization:
    organization = Organization.objects.get(pk=organization_id)
    if organization.status not in (
        Organization.Status.ACTIVE,
        Organization.Status.PROVISIONING,
        Organization.Status.FAILED,
    ):
        raise Conflict(f"{organization.name} is {organization.get_status_display().lower()} and cannot be set up.")
    if organization.status == Organization.Status.FAILED:
        organization.status, organization.status_reason = Organization.Status.PROVISIONING, ""
        organization.save(update_fields=["status", "status_reason"])
    return organization


def _run_step(organization: Organization, name: str, run: Step) -> None:
    step = next((s for s in organization.provisioning["steps"] if s["name"] == name), None)
    if step is None:
        step = {"name": name, "state": "waiting", "at": ""}
        organization.provisioning["steps"].append(step)
    if step["state"] == "done":
        return
    try:
        run(organization)
    except Exception:
        step.update(state="failed", at=timezone.now().isoformat())
        _save(organization, "provisioning")
        raise
    step.update(state="done", at=timezone.now().isoformat())
    _save(organization, "provisioning")


def _save(organization: Organization, *fields: str) -> None:
    with platform_context():
        organization.save(update_fields=[*fields, "updated_at"])


def _make_schema(organization: Organization) -> None:
    with database.owner_cursor() as cursor:
        left_over = database.schema_exists(cursor, organization.schema_name)
    if left_over:
        # An earlier run of this very job got this far: the name is random and belongs to this row alone.
        database.drop_schema(organization.schema_name)
    database.create_schema(organization.schema_name)


def _in_tenant(organization: Organization, run: Step) -> None:
    with tenant_context(organization), transaction.atomic():
        run(organization)


def _open(organization: Organization) -> None:
    organization.status = Organization.Status.ACTIVE
    with tenant_context(organization), transaction.atomic():
        record(
            action="tenants.organization.opened",
            target=f"tenants.organization:{current_tenant().id}",
            actor="system:provisioning",
            payload={"name": organization.name, "industry": organization.industry},
        )
        with platform_context():
            organization.save(update_fields=["status", "updated_at"])


def progress(organization: Organization) -> tuple[int, int]:
    """Steps done and steps in all."""
    steps = organization.provisioning.get("steps", [])
    return sum(step["state"] == "done" for step in steps), len(steps)
