from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "routing.providers"
    label = "providers"
    verbose_name = "Model providers"
    default_auto_field = "django.db.models.BigAutoField"
