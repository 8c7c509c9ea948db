"""Pages of the workforce."""

from __future__ import annotations

from typing import Any

import pytest

from agents import workforce
from agents.models import Agent, Role
from tenants.context import tenant_context
from tests.agents.conftest import ACTOR

PAGES = [
    ("/agents/", "Incident manager", (302, 200, 200, 200)),
    ("/agents/front-desk/", "You are the front desk", (302, 200, 200, 200)),
    ("/agents/front-desk/versions/", "There is one version so far", (302, 200, 200, 200)),
    ("/agents/front-desk/edit/", "Save as a new version", (302, 403, 403, 200)),
    ("/agents/new/", "An agent of your own", (302, 403, 403, 200)),
    ("/agents/hire/", "Route planner", (302, 403, 403, 200)),
    ("/agents/roles/", "Medical writer", (302, 200, 200, 200)),
    ("/agents/roles/new/", "Make the role", (302, 403, 403, 200)),
    ("/agents/roles/front-desk/", "Front desk", (302, 403, 403, 200)),
    ("/org-chart/", "Code quality lead", (302, 200, 200, 200)),
]
ACTIONS = [
    ("/agents/front-desk/pause/", {}),
    ("/agents/front-desk/resume/", {}),
    ("/agents/front-desk/archive/", {}),
    ("/agents/front-desk/restore/", {}),
    ("/agents/front-desk/versions/1/restore/", {}),
    ("/agents/hire/concierge/", {}),
    ("/agents/roles/concierge/archive/", {}),
    ("/agents/roles/concierge/restore/", {}),
    ("/org-chart/move/", {"agent": "front-desk", "manager": "incident-lead"}),
]


@pytest.fixture
def alice(cast: Any, client_of: Any) -> Any:
    """The client of Alice, who owns acme."""
    return client_of(cast.alice, cast.acme)


@pytest.mark.promise("UI-1")
@pytest.mark.parametrize(("path", "words", "statuses"), PAGES)
def test_each_page_opens_for_whoever_may_see_it(
    path: str, words: str, statuses: tuple[int, ...], cast: Any, client_of: Any
) -> None:
    answers = [client_of(who, cast.acme).get(path) for who in (None, cast.vera, cast.bob, cast.alice)]
    assert tuple(answer.status_code for answer in answers) == statuses
    assert words in answers[-1].content.decode()


@pytest.mark.parametrize(("path", "data"), ACTIONS)
def test_each_action_is_for_managers_up_and_by_post_alone(path: str, data: Any, cast: Any, client_of: Any) -> None:
    assert client_of(cast.bob, cast.acme).post(path, data).status_code == 403
    alice = client_of(cast.alice, cast.acme)
    assert alice.get(path).status_code == 405
    assert alice.post(path, data).status_code == 302


@pytest.mark.promise("TEN-3")
@pytest.mark.parametrize("path", [path for path, _, _ in PAGES if "{" not in path])
def test_no_page_shows_another_tenants_secrets(path: str, cast: Any, client_of: Any, acme: Any, meridian: Any) -> None:
    for organization, secret in ((acme, "Acme's secret"), (meridian, "Meridian's secret")):
        with tenant_context(organization):
            agent = Agent.objects.get(slug="front-desk")
            workforce.update_agent(agent, actor=ACTOR, instructions=secret, description=secret, name=secret)
    page = client_of(cast.charlie, cast.meridian).get(path).content.decode()
    assert "Acme&#x27;s secret" not in page
    assert "Acme's secret" not in page


@pytest.mark.parametrize(
    ("path", "most"), [("/agents/", 25), ("/agents/front-desk/", 25), ("/org-chart/", 25), ("/agents/hire/", 25)]
)
def test_queries_do_not_grow_with_the_workforce(
    path: str, most: int, alice: Any, acme: Any, django_assert_max_num_queries: Any
) -> None:
    alice.get(path)
    with tenant_context(acme):
        for _ in range(12):
            workforce.hire("research-assistant", actor=ACTOR)
    with django_assert_max_num_queries(most):
        assert alice.get(path).status_code == 200


def test_the_list_finds_by_words_and_says_when_nobody_matches(alice: Any) -> None:
    page = alice.get("/agents/?q=maintenance+windows").content.decode()
    assert "Change manager" in page
    assert "Route planner" not in page
    assert "No agents match." in alice.get("/agents/?q=unicorn").content.decode()


def test_odd_filters_break_nothing(alice: Any) -> None:
    assert alice.get("/agents/?level=x&status=y&manager=z&page=99999&q=%25").status_code == 200
    assert alice.get("/agents/front-desk/versions/?older=-1&newer=99999999999").status_code == 200


def test_an_unknown_agent_is_not_found(alice: Any) -> None:
    assert alice.get("/agents/nobody/").status_code == 404


@pytest.mark.promise("AGT-3")
def test_one_click_hires_and_leads_to_the_agent(alice: Any, acme: Any) -> None:
    answer = alice.post("/agents/hire/concierge/", follow=True)
    assert answer.redirect_chain == [("/agents/concierge/", 302)]
    assert "is hired and on duty" in answer.content.decode()


def test_hiring_takes_the_chosen_manager_and_name(alice: Any, acme: Any) -> None:
    alice.post("/agents/hire/concierge/", {"manager": "incident-lead", "name": "Night porter"})
    with tenant_context(acme):
        hired = Agent.objects.select_related("manager").get(slug="night-porter")
    assert hired.manager is not None
    assert hired.manager.slug == "incident-lead"


FORM = {
    "name": "Night watch",
    "slug": "night-watch",
    "description": "Watches at night.",
    "instructions": "Watch.\r\nSleep by day.",
    "role": "generalist",
    "level": "specialist",
    "manager": "incident-lead",
    "tools": ["hand_over", "search_directory"],
    "model_policy": "small",
    "recent_messages": "10",
    "summarise": "on",
    "industry": "technology",
    "icon": "lock",
}


@pytest.mark.promise("AGT-1")
def test_an_agent_of_ones_own_is_made_by_form(alice: Any, acme: Any) -> None:
    assert alice.post("/agents/new/", FORM).status_code == 302
    with tenant_context(acme):
        made = Agent.objects.get(slug="night-watch")
    assert made.instructions == "Watch.\nSleep by day."
    assert made.memory_policy == {"recent_messages": 10, "summarise": True}


def test_saving_the_form_unchanged_makes_no_version(alice: Any, acme: Any) -> None:
    with tenant_context(acme):
        agent = Agent.objects.select_related("role", "manager").get(slug="incident-manager")
    page = alice.get("/agents/incident-manager/edit/")
    data = {name: value for name, value in page.context["form"].initial.items() if value is not False}
    assert alice.post("/agents/incident-manager/edit/", data).status_code == 302
    with tenant_context(acme):
        assert Agent.objects.get(pk=agent.pk).version_number == 1


def test_the_form_says_when_somebody_was_faster(alice: Any, acme: Any) -> None:
    data = {**FORM, "version": "1"}
    assert alice.post("/agents/front-desk/edit/", data).status_code == 302
    again = alice.post("/agents/front-desk/edit/", {**data, "name": "Late"})
    assert again.status_code == 422
    assert "is at version 2" in again.content.decode()
    assert 'name="version" value="2"' in again.content.decode()


def test_a_refused_level_is_said_in_the_form(alice: Any) -> None:
    data = {**FORM, "level": "executive", "manager": "incident-lead"}
    answer = alice.post("/agents/new/", data)
    assert answer.status_code == 422
    assert "a manager stands on a higher level" in answer.content.decode()


@pytest.mark.promise("AGT-4")
def test_going_back_to_a_version_is_a_new_version(alice: Any, acme: Any) -> None:
    with tenant_context(acme):
        agent = Agent.objects.get(slug="front-desk")
        before = agent.instructions
        workforce.update_agent(agent, actor=ACTOR, instructions="Something else.")
    alice.post("/agents/front-desk/versions/1/restore/")
    with tenant_context(acme):
        agent = Agent.objects.get(slug="front-desk")
    assert (agent.version_number, agent.instructions) == (3, before)


def test_versions_show_what_differs_line_by_line(alice: Any, acme: Any) -> None:
    with tenant_context(acme):
        agent = Agent.objects.get(slug="front-desk")
        workforce.update_agent(agent, actor=ACTOR, instructions="One line.", tools=["hand_over"])
    page = alice.get("/agents/front-desk/versions/").content.decode()
    assert "<ins>One line.</ins>" in page
    assert "Changed instructions and tools" in page


@pytest.mark.promise("AGT-2")
def test_moving_by_form_says_where_the_agent_went(alice: Any) -> None:
    answer = alice.post("/org-chart/move/", {"agent": "front-desk", "manager": "incident-lead"}, follow=True)
    assert "Front desk now reports to Incident lead" in answer.content.decode()


def test_a_cycle_by_form_is_refused_with_the_names(alice: Any) -> None:
    answer = alice.post("/org-chart/move/", {"agent": "operations-director", "manager": "incident-lead"})
    assert answer.status_code == 422
    assert "Operations director → IT service manager → Incident lead" in answer.content.decode()


def test_dragging_gets_the_new_chart_or_the_words_of_the_refusal(alice: Any) -> None:
    headers = {"X-Requested-With": "fetch"}
    moved = alice.post("/org-chart/move/", {"agent": "front-desk", "manager": "incident-lead"}, headers=headers)
    assert moved.status_code == 200
    assert "<html" not in moved.content.decode()
    refused = alice.post("/org-chart/move/", {"agent": "ceo", "manager": "incident-lead"}, headers=headers)
    assert refused.status_code == 422
    refused = alice.post(
        "/org-chart/move/", {"agent": "operations-director", "manager": "incident-lead"}, headers=headers
    )
    assert refused.status_code == 409
    assert refused["Content-Type"].startswith("text/plain")


def test_the_chart_hangs_an_agent_that_skips_levels_lower(alice: Any, acme: Any) -> None:
    with tenant_context(acme):
        agents = {agent.slug: agent for agent in Agent.objects.all()}
        workforce.move_agent(agents["front-desk"], agents["chief-executive"], actor=ACTOR)
    assert 'class="o-skip-3"' in alice.get("/org-chart/").content.decode()


def test_without_agents_the_pages_teach_the_first_step(alice: Any, acme: Any) -> None:
    with tenant_context(acme):
        for level in ("specialist", "team_lead", "manager", "senior_manager", "executive"):
            for agent in Agent.objects.filter(level=level):
                workforce.archive_agent(agent, actor=ACTOR)
    assert "No lines yet" in alice.get("/org-chart/").content.decode()
    assert alice.get("/agents/").status_code == 200


def test_what_people_write_is_shown_as_text(alice: Any, acme: Any) -> None:
    evil = "<script>alert(1)</script>"
    with tenant_context(acme):
        agent = Agent.objects.get(slug="front-desk")
        workforce.update_agent(agent, actor=ACTOR, name=evil, description=evil, instructions=evil)
    for path in ("/agents/", "/agents/front-desk/", "/agents/front-desk/versions/", "/org-chart/", "/agents/hire/"):
        assert evil not in alice.get(path).content.decode()


def test_a_role_is_changed_by_form(alice: Any, acme: Any) -> None:
    data = {"name": "Reader", "level": "specialist", "permissions": ["chat.send_message"], "tools": ["hand_over"]}
    assert alice.post("/agents/roles/researcher/", data).status_code == 302
    with tenant_context(acme):
        assert Role.objects.get(slug="researcher").name == "Reader"


def test_nul_in_the_filters_is_no_failure(alice: Any) -> None:
    assert alice.get("/agents/?status=a%00b&level=%00&manager=x%00&q=%00").status_code == 200
