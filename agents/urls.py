"""Pages of the workforce."""

from django.urls import path

from agents import views_overview

app_name = "agents"
urlpatterns = [
    path("", views_overview.show, name="overview"),
]
