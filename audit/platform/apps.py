from django.apps import AppConfig


class AuditPlatformConfig(AppConfig):
    name = "audit.platform"
    label = "audit_platform"
    verbose_name = "Audit chains"
