"""Pages of the platform's host."""

from django.urls import path

from tenants.views import demo_mail, invitations, organizations

app_name = "tenants"
urlpatterns = [
    path("organizations/", organizations.organization_list, name="organization-list"),
    path("organizations/<uuid:id>/switch/", organizations.organization_switch, name="organization-switch"),
    path("invitations/<str:token>/", invitations.invitation_accept, name="invitation-accept"),
    path("demo/mail/", demo_mail.demo_mail, name="demo-mail"),
]
