"""REST: roles, agents, their tree, the catalogue, the tools."""

from django.urls import path

from agents.api.agents import AgentViewSet
from agents.api.catalogue import CatalogueHireView, CatalogueTemplateView, CatalogueView
from agents.api.hierarchy import HierarchyView
from agents.api.roles import AgentRoleViewSet
from agents.api.tools import ToolsView

routes = [
    ("agents", AgentViewSet, "agents"),
    ("roles", AgentRoleViewSet, "roles"),
]
urlpatterns = [
    path("hierarchy/", HierarchyView.as_view(), name="hierarchy"),
    path("catalogue/", CatalogueView.as_view(), name="catalogue"),
    path("catalogue/<slug:slug>/", CatalogueTemplateView.as_view(), name="catalogue-template"),
    path("catalogue/<slug:slug>/hire/", CatalogueHireView.as_view(), name="catalogue-hire"),
    path("tools/", ToolsView.as_view(), name="tools"),
]
