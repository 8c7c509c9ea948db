"""What happens to an organization after it was founded: changes, suspension, deletion."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from celery import current_app
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from audit.chain import record
from tenants import database, grants, hosts
from tenants.context import on_commit, platform_context, tenant_context
from tenants.exceptions import Conflict, Invalid
from tenants.models import ApiKey, Membership, Organization
from tenants.redis import redis_client

EDITABLE = ("name", "industry", "size", "region", "accent_color")


# Rows that go together with the organization's own row, in its last transaction.
CASCADING = frozenset(
    {"tenants_organization", "tenants_domain", "tenants_invitation", "plans_subscription", "plans_quotaoverride"}
)
# What proves, after the deletion, how far the organization's chain went: a position and a hash, no word of its content.
KEPT_AS_PROOF = frozenset({"audit_platform_head", "audit_platform_mark", "audit_platform_verificationrun"})


class LeftOver(RuntimeError):
    """A deletion ended and something of the organization is still there; the job can be run again."""


def update_organization(organization: Organization, changes: Mapping[str, Any], *, actor: str) -> Organization:
    """Change name, industry, size, region or accent colour of an active organization.

    Raises Invalid with messages by field. Writes `tenants.organization.changed` with old and new values to the
    organization's chain in the same transaction; nothing is written when nothing changes.
    """
    with platform_context(), transaction.atomic():
        row = Organization.objects.select_for_update().get(pk=organization.pk)
        unknown = sorted(set(changes) - set(EDITABLE))
        if unknown:
            raise Invalid(
                f"{', '.join(unknown)} cannot be changed here.", errors={n: ["Cannot be changed."] for n in unknown}
            )
        different = {name: value for name, value in changes.items() if getattr(row, name) != value}
        if not different:
            return row
        before = {name: getattr(row, name) for name in different}
        for name, value in different.items():
            setattr(row, name, value)
        _validate(row)
        row.save(update_fields=[*different, "updated_at"])
        _record_in_tenant(
            row,
            "tenants.organization.changed",
            actor,
            {"fields": ", ".join(sorted(different)), "before": before, "after": different},
        )
        on_commit(hosts.forget_hosts, row)
    return row


def _validate(organization: Organization) -> None:
    try:
        organization.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        fields = {name: [str(m) for m in messages] for name, messages in error.message_dict.items()}
        raise Invalid("; ".join(m for messages in fields.values() for m in messages), errors=fields) from None


def _record_in_tenant(organization: Organization, action: str, actor: str, payload: Mapping[str, Any]) -> None:
    """The organization's own chain when it has one yet; the platform's otherwise."""
    target = f"tenants.organization:{organization.id}"
    if organization.status in (Organization.Status.ACTIVE, Organization.Status.SUSPENDED):
        with tenant_context(organization):
            record(action=action, target=target, actor=actor, payload=payload)
    else:
        record(action=action, target=target, actor=actor, payload=payload)


def suspend_organization(organization: Organization, reason: str, *, actor: str) -> Organization:
    """Close an active organization's doors at once; its data stays. Raises Conflict in any other state."""
    return _switch(organization, Organization.Status.ACTIVE, Organization.Status.SUSPENDED, reason, actor)


def resume_organization(organization: Organization, *, actor: str) -> Organization:
    """Open a suspended organization again. Raises Conflict in any other state."""
    return _switch(organization, Organization.Status.SUSPENDED, Organization.Status.ACTIVE, "", actor)


def _switch(organization: Organization, before: Any, after: Any, reason: str, actor: str) -> Organization:
    with platform_context(), transaction.atomic():
        row = Organization.objects.select_for_update().get(pk=organization.pk)
        if row.status != before:
            raise Conflict(
                f"{row.name} is {row.get_status_display().lower()}; only what is {before} can be made {after}."
            )
        row.status, row.status_reason = after, reason[:300]
        row.save(update_fields=["status", "status_reason", "updated_at"])
        verb = "suspended" if after == Organization.Status.SUSPENDED else "resumed"
        payload = {"name": row.name, "reason": reason} if reason else {"name": row.name}
        _record_in_tenant(row, f"tenants.organization.{verb}", actor, payload)
        record(
            action=f"tenants.organization.{verb}", target=f"tenants.organization:{row.id}", actor=actor, payload=payload
        )
        on_commit(hosts.forget_hosts, row)
    return row


# Deletion ------------------------------------------------------------------------------------------------------------

Hook = Callable[[UUID], object]
_hooks: dict[str, Hook] = {}


def register_deletion(name: str, delete: Hook) -> None:
    """Add what a floor above keeps outside the tenant's schema without a foreign key; `delete(id)` may be repeated."""
    _hooks[name] = delete


def request_deletion(organization: Organization, *, actor: str) -> None:
    """Shut the organization and start the job that deletes it in stages. Raises Conflict while it is being set up."""
    with platform_context(), transaction.atomic():
        row = Organization.objects.select_for_update().get(pk=organization.pk)
        if row.status == Organization.Status.PROVISIONING:
            raise Conflict(f"{row.name} is being set up; delete it once it is open.")
        if row.status != Organization.Status.DELETING:
            _record_in_tenant(row, "tenants.organization.deletion_requested", actor, {"name": row.name})
            row.status = Organization.Status.DELETING
            row.save(update_fields=["status", "updated_at"])
            record(
                action="tenants.organization.deletion_requested",
                target=f"tenants.organization:{row.id}",
                actor=actor,
                payload={"name": row.name, "slug": row.slug},
            )
        on_commit(_start_deletion, str(row.id), actor)
    hosts.forget_hosts(row)


def _start_deletion(organization_id: str, actor: str) -> None:
    current_app.send_task("tenants.tasks.delete_organization", args=[organization_id, actor])


def delete_organization(organization_id: UUID | str, *, actor: str) -> None:
    """Delete everything of an organization that `request_deletion` has shut; every stage may be repeated.

    Ends in a check: raises LeftOver with the list of what is still there. Writes `tenants.organization.deleted` to the
    platform's chain together with the removal of the last row.
    """
    with platform_context():
        organization = Organization.objects.filter(pk=organization_id).first()
        if organization is None:
            return
        if organization.status != Organization.Status.DELETING:
            raise Conflict(f"{organization.name} is not marked for deletion.")
        for name, stage in _stages(organization):
            stage()
            deletion = organization.provisioning.setdefault("deletion", [])
            deletion.append({"name": name, "state": "done", "at": timezone.now().isoformat()})
            organization.save(update_fields=["provisioning", "updated_at"])
        left = find_left_overs(organization)
        if left:
            raise LeftOver(f"Of {organization.slug} there is still: {', '.join(left)}.")
        _remove_last_row(organization, actor)


def _stages(organization: Organization) -> Iterator[tuple[str, Callable[[], object]]]:
    key = organization.id
    yield "Take keys and memberships away", lambda: _revoke_all(organization)
    yield "Drop the schema and its role", lambda: database.drop_schema(organization.schema_name)
    yield "Purge caches, limits and streams", lambda: _delete_redis_keys(key)
    yield "Delete files", lambda: shutil.rmtree(files_of(key), ignore_errors=True)
    for name, hook in _hooks.items():
        yield name, lambda hook=hook: hook(key)  # type: ignore[misc]


def _revoke_all(organization: Organization) -> None:
    ApiKey.objects.filter(organization=organization).delete()
    Membership.objects.filter(organization=organization).delete()


def _remove_last_row(organization: Organization, actor: str) -> None:
    facts = {"name": organization.name, "slug": organization.slug}
    target = f"tenants.organization:{organization.id}"
    with transaction.atomic():
        Organization.objects.filter(pk=organization.pk).delete()
        record(action="tenants.organization.deleted", target=target, actor=actor, payload=facts)


def files_of(organization_id: UUID) -> Path:
    """The folder of an organization's files."""
    return Path(settings.MEDIA_ROOT) / str(organization_id)


def _redis_clients() -> list[redis.Redis]:
    return [redis_client(), redis.Redis.from_url(settings.CACHE_REDIS_URL)]


def _redis_keys(client: redis.Redis, organization_id: UUID) -> Iterator[bytes]:
    yield from client.scan_iter(match=f"*t:{organization_id}:*", count=1000)


def _delete_redis_keys(organization_id: UUID) -> None:
    for client in _redis_clients():
        for key in _redis_keys(client, organization_id):
            client.delete(key)


def find_left_overs(organization: Organization) -> list[str]:
    """Everything of the organization that still exists outside its own row, by name; empty when nothing is left."""
    left = []
    with database.owner_cursor() as cursor:
        if database.schema_exists(cursor, organization.schema_name):
            left.append("schema")
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [organization.schema_name])
        if cursor.fetchone():
            left.append("role")
    with connection.cursor() as cursor:
        for table in grants.SHARED_TABLES:
            if table.row_key and table.name not in CASCADING | KEPT_AS_PROOF:
                cursor.execute(
                    sql.SQL("SELECT 1 FROM {} WHERE {} = %s LIMIT 1").format(
                        sql.Identifier("public", table.name), sql.Identifier(table.row_key)
                    ),
                    [organization.id],
                )
                if cursor.fetchone():
                    left.append(f"rows of {table.name}")
    if any(next(_redis_keys(client, organization.id), None) for client in _redis_clients()):
        left.append("Redis keys")
    if files_of(organization.id).exists():
        left.append("files")
    return left
