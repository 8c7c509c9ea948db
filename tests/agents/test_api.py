"""REST: who may do what with roles, agents, tree and catalogue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agents import workforce
from agents.models import Agent, AgentVersion, Role
from audit.models import Entry
from billing.plans.subscriptions import set_quota
from tenants.context import tenant_context
from tests.agents.conftest import ACTOR

JSON = "application/json"
AGENT = {"name": "Night watch"}
# Method, path, body, what anonymous, viewer, operator and owner get. `{agent}` is the research assistant's slug.
Route = tuple[str, str, Any, tuple[int, int, int, int]]
ROUTES: list[Route] = [
    ("get", "/api/v1/agents/", None, (401, 200, 200, 200)),
    ("post", "/api/v1/agents/", AGENT, (401, 403, 403, 201)),
    ("get", "/api/v1/agents/{agent}/", None, (401, 200, 200, 200)),
    ("put", "/api/v1/agents/{agent}/", AGENT, (401, 403, 403, 200)),
    ("patch", "/api/v1/agents/{agent}/", {"description": "Watches."}, (401, 403, 403, 200)),
    ("delete", "/api/v1/agents/{agent}/", None, (401, 403, 403, 204)),
    ("post", "/api/v1/agents/{agent}/archive/", {}, (401, 403, 403, 200)),
    ("post", "/api/v1/agents/{agent}/restore/", {}, (401, 403, 403, 200)),
    ("post", "/api/v1/agents/{agent}/pause/", {}, (401, 403, 403, 200)),
    ("post", "/api/v1/agents/{agent}/resume/", {}, (401, 403, 403, 200)),
    ("post", "/api/v1/agents/{agent}/move/", {"manager": None}, (401, 403, 403, 200)),
    ("get", "/api/v1/agents/{agent}/versions/", None, (401, 200, 200, 200)),
    ("get", "/api/v1/agents/{agent}/versions/1/", None, (401, 200, 200, 200)),
    ("post", "/api/v1/agents/{agent}/versions/1/restore/", {}, (401, 403, 403, 200)),
    ("get", "/api/v1/agents/{agent}/versions/compare/?older=1&newer=1", None, (401, 200, 200, 200)),
    ("get", "/api/v1/roles/", None, (401, 200, 200, 200)),
    ("post", "/api/v1/roles/", {"name": "Watcher"}, (401, 403, 403, 201)),
    ("get", "/api/v1/roles/researcher/", None, (401, 200, 200, 200)),
    ("put", "/api/v1/roles/researcher/", {"name": "Reader"}, (401, 403, 403, 200)),
    ("patch", "/api/v1/roles/researcher/", {"description": "Reads."}, (401, 403, 403, 200)),
    ("post", "/api/v1/roles/concierge/archive/", {}, (401, 403, 403, 200)),
    ("post", "/api/v1/roles/concierge/restore/", {}, (401, 403, 403, 200)),
    ("delete", "/api/v1/roles/concierge/", None, (401, 403, 403, 204)),
    ("get", "/api/v1/hierarchy/", None, (401, 200, 200, 200)),
    ("post", "/api/v1/hierarchy/", {"agent": "{agent}", "manager": None}, (401, 403, 403, 200)),
    ("get", "/api/v1/catalogue/", None, (401, 200, 200, 200)),
    ("get", "/api/v1/catalogue/concierge/", None, (401, 200, 200, 200)),
    ("post", "/api/v1/catalogue/concierge/hire/", {}, (401, 403, 403, 201)),
    ("get", "/api/v1/tools/", None, (401, 200, 200, 200)),
]


@pytest.fixture
def assistant(acme: Any) -> Agent:
    """A research assistant at acme."""
    with tenant_context(acme):
        return workforce.hire("research-assistant", actor=ACTOR)


def call(client: Any, method: str, path: str, body: Any = None) -> Any:
    return (
        getattr(client, method)(path, data=body, content_type=JSON)
        if body is not None
        else getattr(client, method)(path)
    )


@pytest.mark.promise("API-1")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_each_route_asks_for_its_right(route: Route, cast: Any, client_of: Any, assistant: Agent) -> None:
    method, path, body, expected = route
    path = path.replace("{agent}", assistant.slug)
    if isinstance(body, dict) and body.get("agent"):
        body = {**body, "agent": assistant.slug}
    people = (None, cast.vera, cast.bob, cast.alice)
    got = tuple(call(client_of(person, cast.acme), method, path, body).status_code for person in people)
    assert got == expected


@pytest.mark.promise("TEN-3")
@pytest.mark.parametrize(
    "route", [row for row in ROUTES if "{agent}" in row[1]], ids=lambda route: f"{route[0]} {route[1]}"
)
def test_another_tenants_agent_is_not_found(route: Route, cast: Any, client_of: Any, assistant: Agent) -> None:
    method, path, body, _ = route
    client = client_of(cast.charlie, cast.meridian)
    assert call(client, method, path.replace("{agent}", str(assistant.public_id)), body).status_code == 404


def test_a_key_acts_within_its_scopes(cast: Any, key_client: Any) -> None:
    reader, writer = key_client(cast.acme, scopes=["read"]), key_client(cast.acme, scopes=["read", "write"])
    assert call(reader, "get", "/api/v1/agents/").status_code == 200
    assert call(reader, "post", "/api/v1/agents/", AGENT).status_code == 403
    assert call(writer, "post", "/api/v1/agents/", AGENT).status_code == 201


@pytest.fixture
def alice(cast: Any, client_of: Any) -> Any:
    """The client of Alice, who owns acme."""
    return client_of(cast.alice, cast.acme)


@pytest.mark.promise("AGT-1")
def test_an_agent_is_created_read_changed_archived_and_restored(alice: Any) -> None:
    body = {
        "name": "Night watch",
        "level": "specialist",
        "manager": "incident-lead",
        "instructions": "Watch.",
        "description": "Watches at night.",
        "tools": ["search_directory"],
        "model_policy": "small",
        "memory_policy": {"recent_messages": 8, "summarise": False},
        "icon": "moon",
    }
    made = call(alice, "post", "/api/v1/agents/", body).json()
    assert made["slug"] == "night-watch"
    assert made["manager"]["slug"] == "incident-lead"
    assert {name: made[name] for name in body if name != "manager"} == {k: v for k, v in body.items() if k != "manager"}
    path = f"/api/v1/agents/{made['id']}/"
    assert call(alice, "patch", path, {"model_policy": "auto"}).json()["version"] == 2
    assert call(alice, "delete", path).status_code == 204
    assert alice.get(path).json()["status"] == "archived"
    assert call(alice, "post", f"{path}restore/", {}).json()["status"] == "active"


def test_the_list_leaves_out_the_archived_unless_asked(alice: Any, assistant: Agent) -> None:
    call(alice, "delete", f"/api/v1/agents/{assistant.slug}/")
    listed = [row["slug"] for row in alice.get("/api/v1/agents/").json()["results"]]
    archived = [row["slug"] for row in alice.get("/api/v1/agents/?status=archived").json()["results"]]
    assert assistant.slug not in listed
    assert archived == [assistant.slug]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=executive", ["chief-executive"]),
        ("role=front-desk", ["front-desk"]),
        ("manager=incident-lead", ["incident-manager", "problem-manager"]),
        ("q=VPN+drops", ["incident-manager"]),
        ("template=code-reviewer", ["code-reviewer"]),
        ("level=senior_manager&ordering=-name", ["operations-director", "engineering-director"]),
    ],
)
def test_the_list_is_filtered_and_ordered(alice: Any, query: str, expected: list[str]) -> None:
    assert [row["slug"] for row in alice.get(f"/api/v1/agents/?{query}").json()["results"]] == expected


def test_a_wrong_filter_is_named(alice: Any) -> None:
    answer = alice.get("/api/v1/agents/?level=boss")
    assert answer.status_code == 400
    assert "level" in answer.json()["errors"]


def test_pages_follow_the_cursor_without_doubles(alice: Any) -> None:
    seen: list[str] = []
    url = "/api/v1/agents/?page_size=4"
    while url:
        page = alice.get(url).json()
        seen += [row["slug"] for row in page["results"]]
        url = page["next"]
    assert len(seen) == len(set(seen)) == 15


def test_the_list_takes_few_queries(alice: Any, django_assert_max_num_queries: Any) -> None:
    alice.get("/api/v1/agents/")
    with django_assert_max_num_queries(12):
        alice.get("/api/v1/agents/?page_size=200")


@pytest.mark.promise("AGT-2")
def test_a_cycle_is_refused_as_a_problem_that_names_the_agents(alice: Any) -> None:
    answer = call(alice, "post", "/api/v1/hierarchy/", {"agent": "operations-director", "manager": "incident-lead"})
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["cycle"] == ["Operations director", "IT service manager", "Incident lead"]


def test_the_tree_is_nested_and_counts_its_levels(alice: Any) -> None:
    tree = alice.get("/api/v1/hierarchy/").json()
    assert [level["agents"] for level in tree["levels"]] == [1, 2, 2, 4, 6]
    (root,) = tree["roots"]
    assert [report["slug"] for report in root["reports"]] == ["engineering-director", "operations-director"]


@pytest.mark.promise("AGT-3")
def test_hiring_takes_manager_and_name(alice: Any) -> None:
    body = {"manager": "code-quality-lead", "name": "Second reader"}
    made = call(alice, "post", "/api/v1/catalogue/code-reviewer/hire/", body).json()
    assert (made["slug"], made["manager"]["slug"]) == ("second-reader", "code-quality-lead")
    assert made["hired_from"] == {"slug": "code-reviewer", "version": 1}
    assert "code_metrics" in made["tools"]


def test_an_unknown_template_names_those_there_are(alice: Any) -> None:
    answer = call(alice, "post", "/api/v1/catalogue/wizard/hire/", {})
    assert answer.status_code == 404
    assert "incident-manager" in answer.json()["known"]


@pytest.mark.promise("BIL-3")
def test_past_the_quota_hiring_is_refused_with_limit_and_usage(alice: Any, acme: Any) -> None:
    with tenant_context(acme):
        set_quota("agents", Decimal(15), actor=ACTOR)
    answer = call(alice, "post", "/api/v1/catalogue/concierge/hire/", {})
    assert answer.status_code == 429
    assert {name: answer.json()[name] for name in ("limit_name", "limit", "usage")} == {
        "limit_name": "agents",
        "limit": 15,
        "usage": 15,
    }


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "name"),
        ({"name": "x" * 81}, 400, "name"),
        ({"name": "Okay", "level": "boss"}, 400, "level"),
        ({"name": "Okay", "manager": "nobody"}, 400, "manager"),
        ({"name": "Okay", "role": "wizard"}, 400, "role"),
        ({"name": "Okay", "tools": ["fly"]}, 422, "tools"),
        ({"name": "Okay", "tools": "search_directory"}, 400, "tools"),
        ({"name": "Okay", "model_policy": "no-such-model"}, 422, "model_policy"),
        ({"name": "Okay", "icon": "<svg>"}, 422, "icon"),
        ({"name": "Okay", "slug": "Big Slug"}, 400, "slug"),
        ({"name": "Okay", "slug": "front-desk"}, 409, "slug"),
        ({"name": "Okay", "slug": "hire"}, 409, "slug"),
        ({"name": "Okay", "memory_policy": {"recent_messages": 1}}, 400, "memory_policy.recent_messages"),
    ],
)
def test_what_is_not_valid_is_named_by_field(alice: Any, body: Any, status: int, field: str) -> None:
    answer = call(alice, "post", "/api/v1/agents/", body)
    assert answer.status_code == status
    assert field in answer.json()["errors"]


def test_a_change_to_an_old_version_is_refused(alice: Any, assistant: Agent) -> None:
    path = f"/api/v1/agents/{assistant.slug}/"
    assert call(alice, "patch", path, {"description": "One.", "version": 1}).status_code == 200
    answer = call(alice, "patch", path, {"description": "Two.", "version": 1})
    assert answer.status_code == 409
    assert answer.json()["version"] == 2


@pytest.mark.promise("AGT-4")
def test_versions_are_listed_and_compared(alice: Any, assistant: Agent) -> None:
    path = f"/api/v1/agents/{assistant.slug}/"
    call(alice, "patch", path, {"instructions": "New.", "tools": ["hand_over"]})
    assert [row["number"] for row in alice.get(f"{path}versions/").json()["results"]] == [2, 1]
    compared = alice.get(f"{path}versions/compare/?older=1&newer=2").json()
    assert [change["name"] for change in compared["changes"]] == ["instructions", "tools"]
    assert alice.get(f"{path}versions/9/").status_code == 404


def test_a_role_in_use_is_not_archived(alice: Any) -> None:
    answer = call(alice, "delete", "/api/v1/roles/front-desk/")
    assert answer.status_code == 409
    assert answer.json()["agents"] == ["Front desk"]


def test_a_refused_change_writes_nothing(alice: Any, acme: Any) -> None:
    with tenant_context(acme):
        before = (Entry.objects.count(), AgentVersion.objects.count(), Role.objects.count())
    call(alice, "post", "/api/v1/hierarchy/", {"agent": "operations-director", "manager": "incident-lead"})
    call(alice, "post", "/api/v1/agents/", {"name": "Okay", "tools": ["fly"]})
    with tenant_context(acme):
        assert (Entry.objects.count(), AgentVersion.objects.count(), Role.objects.count()) == before
