"""What answers on the platform's host: landing page, sign-up, admin, and the REST API for holders of a key."""

from django.contrib import admin
from django.urls import include, path

from orchestrall.views import landing

urlpatterns = [
    path("", landing, name="landing"),
    path("", include("orchestrall.urls_api")),
    path("accounts/", include("allauth.urls")),
    path("", include("tenants.urls_platform")),
    path("admin/", admin.site.urls),
]

handler400 = "orchestrall.errors.bad_request"
handler403 = "orchestrall.errors.permission_denied"
handler404 = "orchestrall.errors.page_not_found"
handler500 = "orchestrall.errors.server_error"
