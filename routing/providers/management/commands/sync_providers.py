"""`manage.py sync_providers`: bring providers and models in line with the environment."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.providers.discovery import BadModelName, sync_providers
from tenants.context import platform_context


class Command(BaseCommand):
    help = "Bring providers and models in line with the environment (runs at each start)."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with platform_context():
                found = sync_providers()
        except BadModelName as error:
            raise CommandError(str(error)) from error
        for one in found:
            models = ", ".join(one.models) or "no model chosen"
            self.stdout.write(f"{one.provider}: {models}" + (f" ({one.fault})" if one.fault else ""))
