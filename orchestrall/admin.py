"""Found by Django's admin: the platform's site and the rows of any one organization."""

from django.contrib import admin

from orchestrall.staff import tenant_rows  # noqa: F401 - being imported registers them
from orchestrall.staff.site import install

install(admin.site)
