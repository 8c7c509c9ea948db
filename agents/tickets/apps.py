from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "agents.tickets"
    label = "tickets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("agents.tickets.wording")
