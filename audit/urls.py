"""Pages of the audit chain, under the tenant's host."""

from __future__ import annotations

from django.urls import path

from audit import views

app_name = "audit"

urlpatterns = [
    # /audit/
    path("audit/", views.entry_list, name="entry-list"),
    path("audit/<int:seq>/", views.entry_detail, name="entry-detail"),
    path("audit/verify/", views.chain_verify, name="chain-verify"),
    path("audit/verdict/", views.chain_verdict, name="chain-verdict"),
    path("audit/runs/<uuid:public_id>/report/", views.run_report, name="run-report"),
]
