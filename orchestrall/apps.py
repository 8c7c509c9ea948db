"""The top floor as a Django app: its commands, and the Celery application that shared tasks belong to."""

from django.apps import AppConfig

from orchestrall.celery import app as celery_app


class OrchestrallConfig(AppConfig):
    """Named in INSTALLED_APPS; loading it makes our Celery application the current one, also for the web."""

    name = "orchestrall"
    celery_app = celery_app
