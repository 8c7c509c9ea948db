"""Forms of the workforce's pages. They read input; the use cases check the rules."""

from __future__ import annotations

from typing import Any

from django import forms

from agents import hierarchy, tools
from agents.config import MODEL_POLICIES
from agents.exceptions import StaleVersion
from agents.levels import LEVEL_CHOICES, Level
from agents.models import Agent, Role, slug_validator
from agents.policies import MemoryPolicy
from agents.workforce import AgentChanges, NewAgent
from routing.providers.catalogue import catalogue
from tenants.exceptions import Refusal
from tenants.models import Organization
from tenants.permissions import PERMISSIONS

ICONS = (
    "adjustments-horizontal affiliate bell books brand-python briefcase bug building bulb calendar chart-histogram"
    " clipboard-check cloud code coins crown database file-text fingerprint flame gauge git-branch headset"
    " heart-rate-monitor inbox key lifebuoy lock mail messages plug-connected replace rocket route route-2 search"
    " server-2 shield-check stack-2 target-arrow terminal-2 test-pipe ticket tool trending-up users world"
)
NOBODY = "-"
POLICY_WORDS = {
    "auto": "The router chooses per query",
    "small": "Always a small model",
    "large": "Always a large model",
}


def add_refusal(form: forms.Form, refusal: Refusal) -> None:
    """Put a refusal's words beside the fields it names, or on top of the form."""
    named = {name: words for name, words in refusal.errors.items() if name in form.fields}
    for name, words in named.items():
        form.add_error(name, list(words))
    if not named:
        form.add_error(None, refusal.detail)


def manager_choices(level: Level | None = None, leave_out: Agent | None = None) -> list[tuple[str, Any]]:
    """Whom an agent can report to, grouped by level, as slugs; nobody on or below `level`, nobody below `leave_out`."""
    tree = hierarchy.load_tree()
    banned = {leave_out.pk, *(each.pk for each in tree.subtree(leave_out))} if leave_out is not None else set()
    groups: list[tuple[str, Any]] = []
    for each_level in Level:
        if each_level == Level.SPECIALIST or (level is not None and not each_level.is_above(level)):
            continue
        people = [(each.slug, each.name) for each in tree.with_level(each_level) if each.pk not in banned]
        if people:
            groups.append((each_level.label, sorted(people, key=lambda pair: pair[1])))
    return groups


def tool_choices() -> list[tuple[str, str]]:
    """All tools, in the order of what they belong to."""
    found = sorted(tools.all_tools(), key=lambda each: (each.source, each.name))
    return [(each.name, each.name) for each in found]


def policy_choices(current: str = "auto") -> list[tuple[str, Any]]:
    """Router on, a tier, or one of the models that can be used now; a pinned model that has gone stays choosable."""
    models = sorted({option.model for option in catalogue().usable()} | ({current} - set(MODEL_POLICIES)))
    general = [(name, POLICY_WORDS[name]) for name in MODEL_POLICIES]
    return [*general, ("Pinned to one model", [(name, name) for name in models])] if models else [*general]


class AgentForm(forms.Form):
    """An agent's settings and place, for making one and for changing one."""

    data: Any
    name = forms.CharField(min_length=2, max_length=80)
    slug = forms.CharField(
        max_length=50,
        required=False,
        validators=[slug_validator],
        help_text="Its address, as in agent/night-watch. Taken from the name if empty; it cannot be changed later.",
    )
    description = forms.CharField(
        max_length=500,
        required=False,
        label="What it can do",
        help_text="Colleagues find it by these words, and the front desk decides by them.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    instructions = forms.CharField(
        max_length=20_000,
        required=False,
        help_text="What it is told before every conversation. Say what it must ask for, and what it must not promise.",
        widget=forms.Textarea(attrs={"rows": 14}),
    )
    role = forms.ChoiceField(help_text="Decides which permissions its tools may use.")
    level = forms.ChoiceField(choices=LEVEL_CHOICES, initial=Level.SPECIALIST)
    manager = forms.ChoiceField(required=False, label="Reports to")
    tools = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"})
    )
    model_policy = forms.ChoiceField(label="Model")
    recent_messages = forms.IntegerField(
        min_value=2, max_value=200, initial=20, label="Messages remembered word for word"
    )
    summarise = forms.BooleanField(required=False, initial=True, label="Keep a summary of what lies before them")
    industry = forms.ChoiceField(choices=Organization.Industry.choices)
    icon = forms.ChoiceField(choices=[(name, name.replace("-", " ").capitalize()) for name in ICONS.split()])
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, agent: Agent | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent = agent
        self._managers = {each.slug: each for each in Agent.objects.employed()}
        self._roles = {each.slug: each for each in Role.objects.filter(archived_at=None)}
        if agent is not None:
            del self.fields["slug"]
            self._roles.setdefault(agent.role.slug, agent.role)
        self._choices("role", [(each.slug, each.name) for each in self._roles.values()])
        self._choices("manager", [("", "Nobody, it is a root"), *manager_choices(leave_out=agent)])
        self._choices("tools", tool_choices())
        self._choices("model_policy", policy_choices(agent.model_policy if agent else "auto"))
        if agent is not None and agent.icon not in ICONS.split():
            self._choices("icon", [(agent.icon, agent.icon), *self.fields["icon"].choices])

    def _choices(self, name: str, choices: Any) -> None:
        self.fields[name].choices = choices

    @staticmethod
    def initial_of(agent: Agent) -> dict[str, Any]:
        """What the form shows of an agent."""
        return {
            "name": agent.name,
            "description": agent.description,
            "instructions": agent.instructions,
            "role": agent.role.slug,
            "level": agent.level,
            "manager": agent.manager.slug if agent.manager else "",
            "tools": agent.tools,
            "model_policy": agent.model_policy,
            "recent_messages": agent.memory.recent_messages,
            "summarise": agent.memory.summarise,
            "industry": agent.industry,
            "icon": agent.icon,
            "version": agent.version_number,
        }

    def changes(self) -> AgentChanges:
        """The settings as `update_agent` takes them; call after `is_valid()`."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "description": data["description"],
            # Browsers send CRLF; a version that differs by line ends alone would be noise.
            "instructions": data["instructions"].replace("\r\n", "\n"),
            "role": self._roles[data["role"]],
            "level": Level(data["level"]),
            "manager": self._managers[data["manager"]] if data["manager"] else None,
            "tools": self._in_known_order(data["tools"]),
            "model_policy": data["model_policy"],
            "memory_policy": MemoryPolicy(recent_messages=data["recent_messages"], summarise=data["summarise"]),
            "industry": data["industry"],
            "icon": data["icon"],
        }

    def _in_known_order(self, chosen: list[str]) -> list[str]:
        # The order of an agent's tools is the order in which a model reads them: boxes must not shuffle it.
        former = [name for name in self.agent.tools if name in chosen] if self.agent else []
        return former + [name for name in chosen if name not in former]

    @property
    def tool_groups(self) -> list[tuple[str, list[tuple[Any, str]]]]:
        """The tools' boxes with their words, `(source, [(box, words)])`."""
        known = {each.name: each for each in tools.all_tools()}
        groups: dict[str, list[tuple[Any, str]]] = {}
        for box in self["tools"]:
            tool = known[box.data["value"]]
            groups.setdefault(tool.source, []).append((box, tool.description.split("\n", 1)[0]))
        return list(groups.items())

    def new_agent(self) -> NewAgent:
        """The agent to create; call after `is_valid()`."""
        values: dict[str, Any] = {**self.changes(), "slug": self.cleaned_data["slug"]}
        values["tools"] = tuple(values["tools"])
        return NewAgent(**values)

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal in the form. After StaleVersion the next attempt is made on the present version."""
        add_refusal(self, refusal)
        if isinstance(refusal, StaleVersion):
            self.data = self.data.copy()
            self.data["version"] = str(refusal.extra["version"])


class RoleForm(forms.Form):
    name = forms.CharField(min_length=2, max_length=80)
    description = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    level = forms.ChoiceField(choices=LEVEL_CHOICES, initial=Level.SPECIALIST)
    permissions = forms.MultipleChoiceField(
        required=False,
        choices=[(name, name) for name in PERMISSIONS],
        widget=forms.CheckboxSelectMultiple,
        help_text="What its agents may use of the rights of the person who asks, and never more than that person has.",
    )
    tools = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What new agents of this role start with.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tools"].choices = tool_choices()

    def values(self) -> dict[str, Any]:
        return {**self.cleaned_data, "level": Level(self.cleaned_data["level"])}


class MoveForm(forms.Form):
    """Moves an agent without dragging: for the keyboard and the phone."""

    agent = forms.ChoiceField(label="Who moves")
    manager = forms.ChoiceField(label="New manager")

    def __init__(self, *args: Any, tree: hierarchy.Tree, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._agents = {each.slug: each for each in tree.agents.values()}
        groups = [
            (level.label, sorted(((each.slug, each.name) for each in tree.with_level(level)), key=lambda pair: pair[1]))
            for level in Level
        ]
        shown = [(label, people) for label, people in groups if people]
        self.fields["agent"].choices = [("", "Choose an agent"), *shown]
        self.fields["manager"].choices = [
            ("", "Choose a manager"),
            *((label, people) for label, people in shown if label != Level.SPECIALIST.label),
            (NOBODY, "Nobody, it becomes a root"),
        ]

    def move(self) -> tuple[Agent, Agent | None]:
        """Who moves and under whom; call after `is_valid()`."""
        manager = self.cleaned_data["manager"]
        return self._agents[self.cleaned_data["agent"]], None if manager == NOBODY else self._agents[manager]
