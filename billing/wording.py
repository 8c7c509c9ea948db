"""The words of this app's audit entries."""

from __future__ import annotations

from audit.actions import register as register_action

WORDING = {
    "billing.plan.chosen": ("chose the {plan} plan", "receipt"),
    "billing.plan.changed": ("changed the plan from {from} to {to}", "receipt"),
    "billing.plan.edited": ("edited the plan {plan}: {fields}", "receipt"),
    "billing.quota.changed": ("set the quota {quota} to {to}", "gauge"),
    "billing.quota.warned": ("{quota}: {usage} of {limit} are used", "gauge"),
    "billing.usage.exported": ("exported usage records from {since} to {until}", "download"),
    "billing.usage_record.estimated": ("settled an abandoned call to {model} at {cost} USD", "coins"),
}


def register() -> None:
    for action, (words, icon) in WORDING.items():
        register_action(action, words, icon=icon)
