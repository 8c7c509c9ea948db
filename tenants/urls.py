"""Pages of an organization's host."""

from django.urls import path

from tenants.views import organizations, settings

app_name = "tenants"
urlpatterns = [
    # settings/
    path("settings/", settings.organization),
    path("settings/organization/", settings.organization, name="settings-organization"),
    path("settings/organization/delete/", settings.organization_delete, name="organization-delete"),
    path("settings/members/", settings.member_list, name="settings-members"),
    path("settings/members/invite/", settings.member_invite, name="member-invite"),
    path("settings/members/<uuid:id>/change/", settings.member_change, name="member-change"),
    path("settings/members/<uuid:id>/remove/", settings.member_remove, name="member-remove"),
    path("settings/invitations/<uuid:id>/revoke/", settings.invitation_revoke, name="invitation-revoke"),
    path("settings/keys/", settings.key_list, name="settings-keys"),
    path("settings/keys/create/", settings.key_create, name="key-create"),
    path("settings/keys/<uuid:id>/rotate/", settings.key_rotate, name="key-rotate"),
    path("settings/keys/<uuid:id>/revoke/", settings.key_revoke, name="key-revoke"),
    # switching
    path("organizations/<uuid:id>/switch/", organizations.organization_switch, name="organization-switch"),
    path("handover/<str:ticket>/", organizations.handover_redeem, name="handover-redeem"),
]
