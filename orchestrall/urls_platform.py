"""What answers on the platform's host: landing page, sign-up, admin, and the REST API for holders of a key."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("orchestrall.urls_api")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
