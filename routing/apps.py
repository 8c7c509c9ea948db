from django.apps import AppConfig

from audit import actions


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = "Routing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        actions.register("routing.decision.made", "sent a query to {model}", icon="route")
