from decimal import Decimal

from django.db import migrations

PLANS = (
    ("basic", "Basic", 79, 790, 10, 100, 120, 50),
    ("professional", "Professional", 449, 4490, 50, 1000, 1000, 500),
    ("enterprise", "Enterprise", 2400, 24000, 500, 10000, 10000, 5000),
)


def add_plans(apps, schema_editor):
    Plan = apps.get_model("plans", "Plan")
    for slug, name, month, year, agents, tickets, requests, spend in PLANS:
        Plan.objects.using(schema_editor.connection.alias).get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "price_per_month": Decimal(month),
                "price_per_year": Decimal(year),
                "agents": agents,
                "tickets_per_month": tickets,
                "requests_per_minute": requests,
                "spend_per_month": Decimal(spend),
            },
        )


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial")]

    operations = [migrations.RunPython(add_plans, migrations.RunPython.noop)]
