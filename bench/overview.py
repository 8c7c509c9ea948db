"""The first page of an organization with a history: how long the server needs, and how many queries."""

from __future__ import annotations

import http.client
import time
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from bench.data import make_tickets, make_usage
from bench.figures import Figure
from bench.percentiles import percentile
from tenants.authentication import SESSION_TENANT
from tenants.context import platform_context, tenant_context
from tenants.hosts import host_of
from tenants.middleware import session_mark
from tenants.models import Organization, User
from tenants.sessions import SessionStore

RECORDS = 100_000
TICKETS = 5_000
VIEWS = 60
PAGES = {"overview": "/", "tickets": "/tickets/", "costs": "/costs/"}


def signed_in(organization: Organization) -> Client:
    """A client in this process, signed in as the owner."""
    with platform_context():
        owner = User.objects.filter(memberships__organization=organization, memberships__role="owner").get()
    session = SessionStore()
    session[SESSION_KEY] = str(owner.pk)
    session[BACKEND_SESSION_KEY] = "tenants.authentication.AccountBackend"
    session[HASH_SESSION_KEY] = owner.get_session_auth_hash()
    session[SESSION_TENANT] = session_mark(organization.as_tenant())
    session.save()
    client = Client(SERVER_NAME=host_of(organization.slug))
    client.cookies["sessionid"] = session.session_key
    return client


def fill(organization: Organization, records: int = RECORDS, tickets: int = TICKETS) -> None:
    """Give the organization its history, under the agents it has."""
    agents = agents_of(organization)
    make_usage(organization, records, agents=agents)
    make_tickets(organization, tickets)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")  # what autovacuum does within a minute
    connections["owner"].close()


def agents_of(organization: Organization) -> list[tuple[UUID, str]]:
    """Public ids and slugs of the organization's agents."""
    with tenant_context(organization):
        return list(Agent.objects.values_list("public_id", "slug"))


def views(client: Client, path: str, count: int) -> list[float]:
    """Ask for a page again and again; returns milliseconds, templates and middleware included."""
    took = []
    for number in range(count + 5):
        began = time.perf_counter()
        response = client.get(path)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}.")
        if number >= 5:
            took.append((time.perf_counter() - began) * 1000)
    return took


def views_over_http(client: Client, port: int, host: str, count: int) -> list[float]:
    """The same from outside, one request at a time; returns milliseconds."""
    headers = {"Host": f"{host}:{port}", "Cookie": f"sessionid={client.cookies['sessionid'].value}"}
    took = []
    connection_to_web = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(count):
        began = time.perf_counter()
        connection_to_web.request("GET", "/", headers=headers)
        response = connection_to_web.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"/ answered {response.status} over HTTP.")
        took.append((time.perf_counter() - began) * 1000)
    connection_to_web.close()
    return took


def measure(organization: Organization, port: int) -> list[Figure]:
    """Return p50, p95 and the number of queries of the pages that read most."""
    client, figures = signed_in(organization), []
    for name, path in PAGES.items():
        took = views(client, path, VIEWS)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        figures += [
            Figure(f"{name}_page_p50", percentile(took, 50), "ms"),
            Figure(f"{name}_page_p95", percentile(took, 95), "ms"),
            Figure(f"{name}_page_queries", len(captured), "queries"),
        ]
    over_http = views_over_http(client, port, host_of(organization.slug), VIEWS)
    figures.append(Figure("overview_page_over_http_p95", percentile(over_http[5:], 95), "ms"))
    return figures
