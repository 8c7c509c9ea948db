"""Pages of the workforce on an organization's host."""

from django.urls import path

from agents.views import agents, hiring, org_chart, overview, roles, search

app_name = "agents"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("search/", search.search, name="search"),
    # agents/
    path("agents/", agents.agent_list, name="agent-list"),
    path("agents/new/", agents.agent_new, name="agent-new"),
    path("agents/hire/", hiring.hire, name="hire"),
    path("agents/hire/<slug:slug>/", hiring.hire_template, name="hire-template"),
    # agents/roles/
    path("agents/roles/", roles.role_list, name="role-list"),
    path("agents/roles/new/", roles.role_new, name="role-new"),
    path("agents/roles/<slug:slug>/", roles.role_edit, name="role-edit"),
    path("agents/roles/<slug:slug>/archive/", roles.role_archive, name="role-archive"),
    path("agents/roles/<slug:slug>/restore/", roles.role_restore, name="role-restore"),
    # agents/<slug>/
    path("agents/<slug:slug>/", agents.agent_detail, name="agent-detail"),
    path("agents/<slug:slug>/edit/", agents.agent_edit, name="agent-edit"),
    path("agents/<slug:slug>/versions/", agents.version_list, name="version-list"),
    path("agents/<slug:slug>/versions/<int:number>/restore/", agents.version_restore, name="version-restore"),
    path("agents/<slug:slug>/pause/", agents.agent_pause, name="agent-pause"),
    path("agents/<slug:slug>/resume/", agents.agent_resume, name="agent-resume"),
    path("agents/<slug:slug>/archive/", agents.agent_archive, name="agent-archive"),
    path("agents/<slug:slug>/restore/", agents.agent_restore, name="agent-restore"),
    # org-chart/
    path("org-chart/", org_chart.org_chart, name="org-chart"),
    path("org-chart/move/", org_chart.org_chart_move, name="org-chart-move"),
]
