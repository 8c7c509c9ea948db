from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "agents.chat"
    label = "chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents import directory
        from agents.chat import openai_source, wording
        from audit.feed import on_appended

        wording.register()
        openai_source.register()
        on_appended(directory.forget)
