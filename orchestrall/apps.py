"""The top floor as a Django app: its commands, and the Celery application that shared tasks belong to."""

from django.apps import AppConfig

from orchestrall.celery import app as celery_app
from orchestrall.logs import join_structlog


class OrchestrallConfig(AppConfig):
    """Named in INSTALLED_APPS; loading it makes our Celery application the current one, also for the web."""

    name = "orchestrall"
    celery_app = celery_app

    def ready(self) -> None:
        join_structlog()
        import orchestrall.openapi  # noqa: F401 - being imported registers it
        from audit.feed import on_appended
        from orchestrall.live import push_entries
        from tenants.sockets import check_standing_again

        on_appended(push_entries)
        on_appended(check_standing_again)
