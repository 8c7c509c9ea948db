"""System checks: settings that cannot work together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import register as register_check


def check_apps_are_in_one_place(**_: Any) -> list[CheckMessage]:
    """An app in both lists has its tables twice, and a wrong search path answers from the wrong ones."""
    twice = sorted(set(settings.SHARED_APPS) & set(settings.TENANT_APPS))
    return [Error(f"{', '.join(twice)} stand in both SHARED_APPS and TENANT_APPS.", id="tenants.E001")] if twice else []


def check_channel_layer_crosses_processes(**_: Any) -> list[CheckMessage]:
    backend = settings.CHANNEL_LAYERS["default"]["BACKEND"]
    if backend == "channels.layers.InMemoryChannelLayer":
        return [Error("The in-memory channel layer does not cross processes.", id="tenants.E002")]
    return []


def check_persistent_connections_are_off(**_: Any) -> list[CheckMessage]:
    """Under ASGI a kept connection belongs to a thread that may never come back; the pool keeps them instead."""
    if any(database.get("CONN_MAX_AGE") != 0 for database in settings.DATABASES.values()):
        return [Error("CONN_MAX_AGE must be 0: connections are kept by the pool.", id="tenants.E003")]
    return []


def register() -> None:
    register_check(check_apps_are_in_one_place, Tags.models)
    register_check(check_channel_layer_crosses_processes)
    register_check(check_persistent_connections_are_off)
