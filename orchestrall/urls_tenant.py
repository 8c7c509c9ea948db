"""What answers on an organization's host."""

from django.urls import include, path

urlpatterns = [
    path("", include("orchestrall.urls_api")),
    path("", include("agents.urls")),
    path("", include("audit.urls")),
    path("", include("tenants.urls")),
    path("tickets/", include("agents.tickets.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("billing.urls")),
    path("chat/", include("agents.chat.urls")),
]

handler400 = "orchestrall.errors.bad_request"
handler403 = "orchestrall.errors.permission_denied"
handler404 = "orchestrall.errors.page_not_found"
handler500 = "orchestrall.errors.server_error"
