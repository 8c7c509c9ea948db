"""Where the chat's sockets are."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from agents.chat.consumers import ChatConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/chat/", ChatConsumer.as_asgi()),
    re_path(r"^ws/chat/(?P<agent>[a-z0-9]+(?:-[a-z0-9]+)*)/$", ChatConsumer.as_asgi()),
]
