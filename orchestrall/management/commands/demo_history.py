"""`manage.py demo_history SLUG`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orchestrall import demo_history
from tenants.exceptions import Refusal


class Command(BaseCommand):
    """Play real queries through the demo provider, for screenshots and benches; `make run` must be running."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--queries", type=int, default=60, help="how many questions, default %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_PROVIDER_URL:
            raise CommandError("No demo provider runs here: start `make run` first.")
        try:
            played = demo_history.play(demo_history.find_organization(options["slug"]), options["queries"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        tiers = ", ".join(f"{number} by a {tier} model" for tier, number in sorted(played.tiers.items()))
        self.stdout.write(f"{played.answered} queries answered: {tiers or 'none'}.")
        self.stdout.write(f"{played.handed_over} handed over, {len(played.tickets)} tickets opened.")
        self.stdout.write(f"Cost {played.cost:.4f} USD; all by a large model {played.baseline_cost:.4f} USD.")
        for reason, number in played.refused.items():
            self.stdout.write(f"{number} not answered: {reason}")
