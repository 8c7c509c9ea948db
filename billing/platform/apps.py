from django.apps import AppConfig


class BillingPlatformConfig(AppConfig):
    name = "billing.platform"
    label = "billing_platform"
    verbose_name = "Usage by organization"

    def ready(self) -> None:
        from billing.platform import deletion

        deletion.register()
