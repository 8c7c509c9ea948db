from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from audit.names import register_namer
from billing.labels import register_agent_labels


class AgentsConfig(AppConfig):
    name = "agents"
    label = "agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("agents.tools.builtin")
        autodiscover_modules("tools")
        import_module("agents.wording")
        import_module("agents.starter").register()
        names = import_module("agents.names")
        register_namer("agent", names.agent_names)
        register_agent_labels(names.agent_labels)
