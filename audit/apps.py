from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit chain"

    def ready(self) -> None:
        from audit import wording

        wording.register()
