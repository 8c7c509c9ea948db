"""What the calculators compute, against figures worked out by hand or printed in the source of the formula."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools import ToolContext, ToolResult, get_tool
from agents.tools.calculators.finance import largest_drawdown
from agents.tools.calculators.logistics import Stop, distance_km
from agents.tools.calling import read_arguments

NOWHERE = cast(ToolContext, None)


def compute(name: str, /, **arguments: Any) -> ToolResult:
    """Call a calculator as a model would: through the checked arguments."""
    tool = get_tool(name)
    return tool.function(NOWHERE, **read_arguments(tool, arguments))


def test_return_risk_takes_the_tail_of_what_happened() -> None:
    returns = [-0.05, -0.04, *[0.01] * 38]
    data = compute("return_risk", returns=returns, period="monthly", confidence=0.95).data
    assert data["value_at_risk"] == pytest.approx(0.04)
    assert data["expected_shortfall"] == pytest.approx(0.045)
    assert data["volatility_a_year"] == pytest.approx(data["volatility"] * 12**0.5)


def test_the_drawdown_is_measured_from_the_last_peak() -> None:
    assert largest_drawdown([0.1, -0.5, 0.2, 0.1]) == pytest.approx(0.5)


def test_a_loan_of_a_hundred_thousand_at_six_percent_over_thirty_years_costs_599_55_a_month() -> None:
    data = compute("loan_schedule", amount=100_000, rate_percent=6, months=360).data
    assert data["payment"] == 599.55
    assert data["owed"][360] == 0


def test_a_loan_without_interest_is_shared_evenly() -> None:
    assert compute("loan_schedule", amount=1200, rate_percent=0, months=12).data["payment"] == 100


def test_lab_values_are_compared_with_the_ranges_of_the_report() -> None:
    values = [
        {"name": "Sodium", "value": 132, "low": 135, "high": 145},
        {"name": "Potassium", "value": 4.1, "low": 3.5, "high": 5.1},
        {"name": "CRP", "value": 12, "high": 5},
    ]
    found = compute("check_lab_values", values=values).data["values"]
    assert [each["finding"] for each in found] == ["below", "within", "above"]


def test_a_lab_value_without_a_range_is_refused() -> None:
    with pytest.raises(ValueError, match="no range is assumed"):
        compute("check_lab_values", values=[{"name": "Sodium", "value": 132}])


def test_a_trend_is_the_slope_of_the_straight_line() -> None:
    data = compute("value_trend", name="Hb", days=[0, 10, 20], values=[14, 13, 12]).data
    assert data["slope_a_day"] == pytest.approx(-0.1)


def test_the_reorder_point_is_demand_in_the_lead_time_and_safety_stock() -> None:
    data = compute("reorder_point", demand=[9, 10, 11], lead_time=4, service_level=0.95, on_hand=40).data
    assert data["safety_stock"] == pytest.approx(1.6449 * 1 * 2, abs=1e-3)
    assert data["reorder_point"] == pytest.approx(43.29, abs=0.01)
    assert data["order_now"] is True


def test_the_order_quantity_balances_ordering_and_holding() -> None:
    data = compute("order_quantity", yearly_demand=4800, cost_per_order=35, holding_cost=2.4).data
    assert data["quantity"] == pytest.approx(374.17, abs=0.01)


def test_a_stable_process_is_in_control() -> None:
    assert compute("control_chart", values=[10.1, 9.9, 10.0, 10.2, 9.8, 10.1, 9.9, 10.0]).data["in_control"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([10, 10.1, 9.9, 10, 10.1, 9.9, 10, 10.1, 9.9, 14], "point 10 (14) lies above the upper limit"),
        ([9, 11, 9, 11, 9, 11, *[10.6, 10.7] * 4], "points 6 to 14 are on one side of the mean"),
        ([5, 4, 1, 2, 3, 4, 5, 6, 3, 4], "points 3 to 8 are rising or falling"),
    ],
)
def test_each_rule_of_the_control_chart_speaks(values: list[float], words: str) -> None:
    assert words in compute("control_chart", values=values).data["signals"]


def test_capability_counts_the_nearer_limit() -> None:
    values = [9.0, 11.0] * 10
    data = compute("process_capability", values=values, lower_limit=4, upper_limit=13).data
    assert data["ppk"] == pytest.approx(3 / (3 * data["deviation"]))
    assert data["outside"] == 0


def test_hamburg_to_berlin_is_255_kilometres() -> None:
    hamburg = Stop(name="Hamburg", latitude=53.55, longitude=9.99)
    berlin = Stop(name="Berlin", latitude=52.52, longitude=13.405)
    assert distance_km(hamburg, berlin) == pytest.approx(255, abs=2)


Places = st.lists(st.tuples(st.floats(-60, 60), st.floats(-150, 150)), min_size=2, max_size=12, unique=True)


@given(Places, st.booleans())
def test_ordering_stops_keeps_them_all_and_never_lengthens_the_trip(
    places: list[tuple[float, float]], round_trip: bool
) -> None:
    stops = [{"name": str(n), "latitude": lat, "longitude": lon} for n, (lat, lon) in enumerate(places)]
    data = compute("order_stops", stops=stops, round_trip=round_trip).data
    assert sorted(data["order"], key=int) == [stop["name"] for stop in stops]
    assert data["order"][0] == "0"


def test_stops_on_a_line_are_visited_along_it() -> None:
    stops = [{"name": str(lon), "latitude": 0, "longitude": lon} for lon in (0, 3, 1, 2)]
    assert compute("order_stops", stops=stops).data["order"] == ["0", "1", "2", "3"]


SOURCE = """
def risky(a, b=[]):
    if a == None and b or a:
        for x in b:
            try:
                eval(x)
            except:
                pass
    return a
"""


def test_code_is_measured_and_never_run() -> None:
    data = compute("code_metrics", source=SOURCE).data
    (function,) = data["functions"]
    # One, and: if, two boolean operators, for, except.
    assert (function["complexity"], function["depth"], function["arguments"]) == (6, 3, 2)
    words = " ".join(text for _, text in data["spots"])
    for spot in ("bare except", "eval runs", "mutable default", "None by =="):
        assert spot in words


@pytest.mark.parametrize("source", ["def (", "\x00", "(" * 5000])
def test_what_is_no_python_is_said_so(source: str) -> None:
    answer = compute("code_metrics", source=source)
    assert answer.failed
    assert "not valid Python" in answer.text


def test_an_itinerary_shows_overlaps_and_ways_that_are_too_short() -> None:
    plan = [
        {"name": "Boat", "start": "2026-05-01T12:00", "end": "2026-05-01T14:00", "travel_minutes_before": 40},
        {"name": "Spa", "start": "2026-05-01T10:00", "end": "2026-05-01T11:15"},
        {"name": "Lunch", "start": "2026-05-01T11:00", "end": "2026-05-01T11:45"},
    ]
    problems = compute("check_itinerary", appointments=plan).data["problems"]
    assert problems == [
        "Lunch starts 15 min before Spa ends",
        "15 min between Lunch and Boat, the way takes 40 min",
    ]


def test_a_stay_costs_more_on_friday_and_saturday() -> None:
    data = compute(
        "stay_price",
        arrival="2026-11-19",
        departure="2026-11-22",
        rate="140",
        weekend_rate="180",
        rooms=2,
        tax_percent="7",
    ).data
    assert (data["weekend_nights"], data["net"], data["tax"], data["total"]) == (2, "1000", "70.00", "1070.00")


def test_numbers_are_described_with_their_outliers() -> None:
    data = compute("describe_numbers", values=[1, 2, 3, 4, 100]).data
    assert (data["median"], data["outliers"]) == (3, [100])


def test_key_sentences_are_quotes_in_their_order() -> None:
    text = (
        "Backups failed on Monday. The weather was fine. Backups failed again because backups need space. Bye now all."
    )
    found = compute("key_sentences", text=text + " " * 40 + "x" * 20, count=2).data["sentences"]
    assert found == ["Backups failed on Monday.", "Backups failed again because backups need space."]


def test_weighing_says_when_one_criterion_decides() -> None:
    criteria = [{"name": "price", "weight": 3, "scores": [9, 2]}, {"name": "quality", "weight": 1, "scores": [3, 8]}]
    data = compute("weigh_options", options=["A", "B"], criteria=criteria).data
    assert data["totals"] == {"A": 7.5, "B": 3.5}
    assert data["depends_on"] == ["price"]


def test_capacity_goes_by_priority() -> None:
    work = [{"name": "Later", "hours": 8, "priority": 4}, {"name": "First", "hours": 6, "priority": 1}]
    data = compute("plan_capacity", work=work, hours_available=10).data
    assert (data["fits"], data["waits"]) == (["First"], ["Later"])


def test_availability_comes_from_outages() -> None:
    data = compute("downtime", outages=[30, 30], period_days=30).data
    assert data["availability"] == pytest.approx(1 - 60 / 43200)
    assert data["mttr_minutes"] == 30


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"), [("high", "high", 1), ("low", "high", 3), ("low", "low", 5)]
)
def test_priority_follows_the_matrix(impact: str, urgency: str, priority: int) -> None:
    assert compute("incident_priority", impact=impact, urgency=urgency).data["priority"] == priority


def test_change_risk_names_the_approval() -> None:
    no = dict.fromkeys(
        ("people_affected", "hard_to_undo", "untested", "busy_hours", "first_of_its_kind", "several_systems"), False
    )
    assert compute("change_risk", **no).data["approval"] == "standard"
    assert compute("change_risk", **{**no, "untested": True, "hard_to_undo": True}).data["approval"] == "normal"
    assert compute("change_risk", **dict.fromkeys(no, True)).data["approval"] == "board"


def test_windows_conflict_only_when_they_overlap() -> None:
    windows = [
        {"name": "A", "start": "2026-01-01T20:00Z", "end": "2026-01-01T22:00Z", "systems": ["Mail"]},
        {"name": "B", "start": "2026-01-01T21:00Z", "end": "2026-01-01T23:00Z", "systems": ["mail", "VPN"]},
        {"name": "C", "start": "2026-01-01T23:00Z", "end": "2026-01-01T23:30Z"},
    ]
    assert compute("window_conflicts", windows=windows).data["conflicts"] == ["A and B overlap on mail"]


def test_pareto_names_the_vital_few() -> None:
    causes = ["Disk"] * 6 + ["net"] * 2 + ["other", "Person"]
    assert compute("pareto", causes=causes).data["vital_few"] == ["disk", "net"]


def test_a_due_date_skips_nights_and_weekends() -> None:
    # Friday 15:00, eight working hours: two on Friday, six on Monday.
    assert compute("due_date", start="2026-11-20T15:00", working_hours=8).data["due"] == "2026-11-23T15:00:00"
