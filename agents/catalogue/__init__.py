"""Ready agents to hire: one YAML file per template, in a folder per group."""

from agents.catalogue.loader import (
    GROUPS,
    Catalogue,
    Group,
    find_template,
    load_catalogue,
    role_template,
)
from agents.catalogue.schema import RoleTemplate, Template

__all__ = [
    "GROUPS",
    "Catalogue",
    "Group",
    "RoleTemplate",
    "Template",
    "find_template",
    "load_catalogue",
    "role_template",
]
