from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.autodetector import MigrationAutodetector

from tenants import database
from tenants.context import platform_context
from tenants.models import Organization


class Command(BaseCommand):
    """Bring the shared schema and all tenants that are behind up to date; one result line per tenant."""

    help = __doc__
    requires_system_checks: list[str] = []
    autodetector = MigrationAutodetector  # Django checks that this command and `makemigrations` agree

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shared", action="store_true", help="only the shared schema")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DATABASE_SUPERUSER_URL:
            owner = settings.DATABASES["owner"]
            database.create_owner_and_database(settings.DATABASE_SUPERUSER_URL, owner["NAME"], owner["USER"])
        database.prepare_roles()
        database.migrate_shared()
        if not options["shared"]:
            self._migrate_tenants()

    def _migrate_tenants(self) -> None:
        states = [Organization.Status.ACTIVE, Organization.Status.SUSPENDED]
        with platform_context():
            names = dict(Organization.objects.filter(status__in=states).values_list("schema_name", "slug"))
        failures = []
        for schema_name in database.schemas_behind(list(names)):
            try:
                database.migrate_tenant(schema_name)
            except Exception as error:
                failures.append(names[schema_name])
                self.stderr.write(f"{names[schema_name]}: failed: {type(error).__name__}: {error}")
            else:
                self.stdout.write(f"{names[schema_name]}: migrated")
        if failures:
            raise CommandError(f"{len(failures)} tenants were not migrated: {', '.join(failures)}")
