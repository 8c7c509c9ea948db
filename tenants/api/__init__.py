"""REST: organizations, people, invitations, keys, signing in."""

from django.urls import path

from tenants.api.access import LoginView, LogoutView, MemberRolesView, MeView, PermissionsView
from tenants.api.keys import ApiKeyViewSet
from tenants.api.members import InvitationViewSet, MemberViewSet
from tenants.api.organizations import OrganizationViewSet

routes = [
    ("organizations", OrganizationViewSet, "organizations"),
    ("members", MemberViewSet, "members"),
    ("invitations", InvitationViewSet, "invitations"),
    ("api-keys", ApiKeyViewSet, "api-keys"),
]
urlpatterns = [
    path("me/", MeView.as_view(), name="me"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("member-roles/", MemberRolesView.as_view(), name="member-roles"),
    path("permissions/", PermissionsView.as_view(), name="permissions"),
]
