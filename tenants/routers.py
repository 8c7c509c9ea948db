"""Which connection migrates what."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections
from django_tenants.routers import TenantSyncRouter

OWNER = "owner"


class OwnerSyncRouter(TenantSyncRouter):
    """Only the owner's connection migrates; its schema decides between shared and tenant apps."""

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        if db != OWNER:
            return False
        in_public = connections[OWNER].schema_name == "public"
        apps = settings.SHARED_APPS if in_public else settings.TENANT_APPS
        return None if self.app_in_list(app_label, apps) else False
