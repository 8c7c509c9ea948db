"""`manage.py train_complexity`: train the complexity classifier. Needs no database, but `requirements-train.txt`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Train the complexity classifier and write `routing/complexity/weights.json`."""

    help = "Train the complexity classifier and write routing/complexity/weights.json."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Train on all data of the repository."""
        try:
            # Here, because the libraries are only installed where somebody trains.
            from routing.complexity.train import main  # noqa: PLC0415
        except ImportError as error:
            raise CommandError(f"{error}. Run: .venv/bin/pip install -r requirements-train.txt") from None
        main()
