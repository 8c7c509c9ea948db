from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.context import platform_context, tenant_context
from tenants.exceptions import Refusal
from tenants.keys import NewKey, create_key
from tenants.models import Organization
from tenants.permissions import DEFAULT_SCOPES


class Command(BaseCommand):
    """Make an API key for an organization; prints the key and nothing else."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--scopes", default=",".join(DEFAULT_SCOPES), help="comma-separated, default %(default)s")
        parser.add_argument("--days", type=int, default=90, help="lifetime in days, default %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        with platform_context():
            organization = Organization.objects.filter(slug=options["slug"]).first()
        if organization is None:
            raise CommandError(f"There is no organization with the slug {options['slug']!r}.")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        new = NewKey(options["name"], scopes, timedelta(days=options["days"]))
        try:
            with tenant_context(organization):
                _, key = create_key(new, actor="system:command")
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(key)
