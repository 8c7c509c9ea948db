"""`manage.py demo_provider`: run the demo provider. Needs no database."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from routing.providers.demo.server import add_arguments


class Command(BaseCommand):
    """Run the built-in OpenAI-compatible demo provider on 127.0.0.1."""

    help = "Run the built-in OpenAI-compatible demo provider on 127.0.0.1."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer the demo provider's own options."""
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Become the demo provider: same process id, without Django's memory."""
        names = ("port", "latency_ms", "tokens_per_second", "error_rate", "rate_limit_rate", "break_stream_rate")
        given = [f"--{name.replace('_', '-')}={options[name]}" for name in names]
        os.execv(sys.executable, [sys.executable, "-m", "routing.providers.demo", *given])  # noqa: S606 - our own module
