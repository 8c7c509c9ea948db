"""Forms of the desk's pages."""

from __future__ import annotations

from django import forms

from agents.tickets.models import LEVEL_CHOICES
from agents.tickets.states import KIND_LABELS


class TicketForm(forms.Form):
    """Open or change a ticket."""

    kind = forms.ChoiceField(label="Type", choices=list(KIND_LABELS.items()), initial="incident")
    title = forms.CharField(max_length=200, help_text="One line that says what is wrong or wanted.")
    description = forms.CharField(
        max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 5}), help_text="Since when, where, who."
    )
    impact = forms.ChoiceField(choices=LEVEL_CHOICES, initial="medium", help_text="How many people it touches.")
    urgency = forms.ChoiceField(choices=LEVEL_CHOICES, initial="medium", help_text="How soon it must be mended.")


class TicketEditForm(TicketForm):
    """The type stays: it decides the life cycle."""

    kind = None
