"""Jobs and the contexts they run in."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from tenants import hosts, lifecycle, provisioning
from tenants.context import platform_context, tenant_context
from tenants.exceptions import Refusal
from tenants.models import Organization


class TenantGone(Refusal):
    """A job's tenant does not exist any more or is not active; nothing was done."""

    status = 410
    type = "tenant-gone"
    title = "The organization is gone or not active"


class ContextTask(Task):
    """The base of all tasks: opens the context a task declares, and fails closed.

    `@shared_task(tenant=True)` runs inside the tenant whose id is the first argument and refuses one that is absent or
    not active; `@shared_task(platform=True)` runs on the platform; a task that declares neither has no database.
    """

    abstract = True
    tenant = False
    platform = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.tenant:
            if not args:
                raise TypeError(f"{self.name} needs the tenant's id as its first argument.")
            tenant = hosts.find_tenant_by_id(args[0])
            if tenant is None or not tenant.is_active:
                raise TenantGone(f"{self.name}: the organization {args[0]} is gone or not active.")
            with tenant_context(tenant):
                return self.run(*args, **kwargs)
        if self.platform:
            with platform_context():
                return self.run(*args, **kwargs)
        return self.run(*args, **kwargs)


def for_each_tenant(task: Any) -> int:
    """Queue `task` once for each active organization; returns how many. Runs on the platform."""
    with platform_context():
        ids = list(Organization.objects.filter(status=Organization.Status.ACTIVE).values_list("id", flat=True))
    for organization_id in ids:
        task.delay(str(organization_id))
    return len(ids)


@shared_task(platform=True)
def provision_organization(organization_id: str) -> None:
    """Set up a founded organization; safe to redeliver."""
    provisioning.provision(organization_id)


@shared_task(platform=True)
def delete_organization(organization_id: str, actor: str) -> None:
    """Delete what is marked for deletion; safe to redeliver."""
    lifecycle.delete_organization(organization_id, actor=actor)
