from django.urls import path

from routing.openai_api import views

app_name = "openai"
# Without the last slash, as OpenAI has it.
urlpatterns = [
    path("chat/completions", views.chat_completions, name="chat-completions"),
    path("models", views.models, name="models"),
    path("models/<path:name>", views.models, name="model"),
]
