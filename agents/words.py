"""Finding agents by words, for lists."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from agents.models import Agent


def find_by_words(queryset: QuerySet[Agent], words: str) -> QuerySet[Agent]:
    """Keep agents that have every word in name, slug, description or role."""
    for word in words.split()[:8]:
        queryset = queryset.filter(
            Q(name__icontains=word)
            | Q(slug__icontains=word)
            | Q(description__icontains=word)
            | Q(role__name__icontains=word)
        )
    return queryset
