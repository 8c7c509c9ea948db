"""Pages of the chat."""

from __future__ import annotations

from django.urls import URLPattern, path

from agents.chat import views

app_name = "chat"

# /chat/
urlpatterns: list[URLPattern] = [
    path("", views.front_desk, name="thread"),
    path("list/", views.listing, name="list"),
    path("agent/<slug:slug>/", views.with_agent, name="agent"),
    path("<uuid:id>/", views.conversation, name="conversation"),
    path("<uuid:id>/turns/<uuid:turn>/", views.turn, name="turn"),
]
