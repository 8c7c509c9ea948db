from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from audit.names import register_namer


class AgentsConfig(AppConfig):
    name = "agents"
    label = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("agents.tools.builtin")
        autodiscover_modules("tools")
        import_module("agents.wording")
        import_module("agents.starter").register()
        register_namer("agent", import_module("agents.names").agent_names)
