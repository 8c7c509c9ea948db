from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "agents.chat"
    label = "chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents.chat import openai_source, wording

        wording.register()
        openai_source.register()
