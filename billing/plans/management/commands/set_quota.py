"""`manage.py set_quota SLUG NAME VALUE`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.limits import QUOTAS, UNLIMITED
from billing.plans.subscriptions import read_value, set_quota
from tenants.context import platform_context, tenant_context
from tenants.exceptions import Refusal
from tenants.models import Organization


class Command(BaseCommand):
    help = "Set a quota of one organization in place of its plan's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the organization")
        parser.add_argument("name", help=", ".join(QUOTAS))
        parser.add_argument("value", help=f"a number, or {UNLIMITED}")

    def handle(self, *args: Any, **options: Any) -> None:
        with platform_context():
            organization = Organization.objects.filter(slug=options["slug"]).first()
        if organization is None:
            raise CommandError(f"There is no organization “{options['slug']}”.")
        try:
            value = read_value(options["value"])
            with tenant_context(organization):
                set_quota(options["name"], value, actor="system:set_quota")
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        words = UNLIMITED if value is None else QUOTAS[options["name"]].words(value)
        self.stdout.write(f"{organization.slug}: {options['name']} is {words}.")
