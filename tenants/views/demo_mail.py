"""The demonstration's letter box: mail that went nowhere, shown on a page. Only with the embedded servers."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

SEPARATOR = "-" * 79
NEWEST = 50


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    date: str
    text: str


def demo_mail(request: HttpRequest) -> HttpResponse:
    if not settings.EMBEDDED_DEMO or settings.EMAIL_URL:
        raise Http404
    return render(request, "tenants/demo_mail.html", {"letters": read_letters(Path(settings.MAIL_DIR))})


def read_letters(folder: Path) -> list[Letter]:
    """The newest letters in a folder written by Django's file backend, newest first."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    letters: list[Letter] = []
    for path in files[:NEWEST]:
        parts = path.read_text(encoding="utf-8", errors="replace").split(SEPARATOR)
        letters += [_letter(part) for part in reversed(parts) if part.strip()]
    return letters[:NEWEST]


def _letter(source: str) -> Letter:
    message = email.message_from_string(source.strip() + "\n", policy=email.policy.default)
    body = message.get_body(("plain",)) if isinstance(message, EmailMessage) else None
    text = body.get_content() if body else ""
    return Letter(str(message["To"]), str(message["Subject"]), str(message["Date"]), text.strip())
