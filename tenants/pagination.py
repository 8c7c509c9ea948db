"""Cursor pages: stable while rows are added, and as quick on the last page as on the first."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class CursorPages(CursorPagination):
    """`?cursor=` and `?page_size=` (1 to 200). The answer has `next`, `previous` and `results`."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-id"

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list[Any] | None:
        """Return the page. A cursor is a place in the order: what is no value of the ordering field is none of ours."""
        cursor = self.decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            name = self.get_ordering(request, queryset, view)[0].lstrip("-")
            if not _is_value_of(queryset, name, cursor.position):
                raise NotFound(self.invalid_cursor_message)
        page: list[Any] | None = super().paginate_queryset(queryset, request, view)
        return page


def _is_value_of(queryset: QuerySet, name: str, position: str) -> bool:
    if "\0" in position:
        return False
    try:
        queryset.model._meta.get_field(name).to_python(position)
    except FieldDoesNotExist:
        return True
    except (ValidationError, ValueError, OverflowError):
        return False
    return True
