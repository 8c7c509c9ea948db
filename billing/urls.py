"""Pages of billing."""

from __future__ import annotations

from django.urls import path

from billing import views

app_name = "billing"

urlpatterns = [
    path("costs/", views.costs, name="costs"),
    path("costs/queries/", views.query_list, name="query-list"),
    path("costs/export.csv", views.export_csv, name="export"),
    path("settings/plan/", views.plan, name="plan"),
    path("settings/plan/change/", views.plan_change, name="plan-change"),
]
