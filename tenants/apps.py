from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Organizations and people"

    def ready(self) -> None:
        from audit.names import register_namer
        from audit.scope import set_scope_provider
        from tenants import checks, sign_in_trail, wording
        from tenants.audit_scope import current_scope, find_scope, key_names, organization_names, person_names
        from tenants.context import platform_context

        set_scope_provider(current_scope, platform=platform_context, find=find_scope)
        register_namer("person", person_names)
        register_namer("key", key_names)
        register_namer("tenant", organization_names)
        wording.register()
        checks.register()
        sign_in_trail.connect()
