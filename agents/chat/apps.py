from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "agents.chat"
    label = "chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents.chat import wording

        wording.register()
