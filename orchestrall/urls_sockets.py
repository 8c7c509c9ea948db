"""Where sockets are: the chat, live events, and nothing else."""

from __future__ import annotations

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import URLPattern, path, re_path

from agents.chat.routing import websocket_urlpatterns as chat
from orchestrall.live import EventsConsumer


class NowhereConsumer(AsyncWebsocketConsumer):
    """Refuses sockets on any other path; without it they would end as server errors."""

    async def connect(self) -> None:
        await self.close()


websocket_urlpatterns: list[URLPattern] = [
    *chat,
    path("ws/events/", EventsConsumer.as_asgi()),
    re_path(r"", NowhereConsumer.as_asgi()),
]
