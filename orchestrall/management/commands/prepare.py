"""What must be done before the product serves: `make run` and a deployment call this."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from orchestrall import demo, schedule


class Command(BaseCommand):
    """Apply migrations, bring providers and the job schedule in line, and seed the demonstration where there is one."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the steps; each is safe to repeat."""
        call_command("migrate", stdout=self.stdout, stderr=self.stderr)
        call_command("sync_providers", stdout=self.stdout, stderr=self.stderr)
        # WhiteNoise wants the folder; without a `collectstatic` it serves the sources.
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        schedule.sync()
        if settings.EMBEDDED_DEMO:
            demo.seed(say=self.stdout.write)
