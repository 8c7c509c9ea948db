from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Organizations and people"

    def ready(self) -> None:
        from audit.scope import set_scope_provider
        from tenants import checks, sign_in_trail, wording
        from tenants.audit_scope import current_scope, find_scope
        from tenants.context import platform_context

        set_scope_provider(current_scope, platform=platform_context, find=find_scope)
        wording.register()
        checks.register()
        sign_in_trail.connect()
