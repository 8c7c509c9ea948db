from django.apps import AppConfig

from audit import actions


class ProvidersConfig(AppConfig):
    name = "routing.providers"
    label = "providers"
    verbose_name = "Model providers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from routing.providers import checks  # noqa: F401 - registers them; needs the models

        for noun in ("provider", "model", "price"):
            for verb in ("added", "changed", "deleted"):
                actions.register(f"providers.{noun}.{verb}", f"{verb} the {noun} {{name}}", icon="server")
