from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "billing.plans"
    label = "plans"
    verbose_name = "Plans and subscriptions"

    def ready(self) -> None:
        from billing.plans import provisioning

        provisioning.register()
