from django.apps import AppConfig


class OrchestrallConfig(AppConfig):
    name = "orchestrall"
