"""What answers on an organization's host."""

from django.urls import include, path

urlpatterns = [
    path("", include("orchestrall.urls_api")),
    path("accounts/", include("allauth.urls")),
]
