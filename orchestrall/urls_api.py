"""The REST API: every app's `api.py` offers `routes` (viewsets) and `urlpatterns` (the rest); here they meet."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

API_APPS = [config.name for config in apps.get_app_configs() if config.name.partition(".")[0] in settings.HOUSE]


def _collect() -> list[URLPattern | URLResolver]:
    router = SimpleRouter()
    patterns: list[URLPattern | URLResolver] = []
    for app in API_APPS:
        if find_spec(f"{app}.api") is None:
            continue
        module = import_module(f"{app}.api")
        for prefix, viewset, basename in getattr(module, "routes", []):
            router.register(prefix, viewset, basename=basename)
        patterns += getattr(module, "urlpatterns", [])
    return [*patterns, *router.urls]


urlpatterns = [
    path("v1/", include("routing.openai_api.urls")),
    path("api/v1/", include((_collect(), "api"))),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
