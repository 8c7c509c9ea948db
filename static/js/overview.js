/* The overview stays true by itself: when something happened, its parts are fetched again and put in place. */
import "./live.js";
import { draw } from "./charts.js";

const PARTS = ["figures", "spend-sum", "spend-data", "feed", "feed-foot", "load", "needs"];
const REST = 1500; // at most one request in this many milliseconds
let due = false;
let resting = false;

/* Nothing moves under the pointer or the focus. */
const isHeld = (element) => element.matches(":hover, :focus-within") && element.id !== "feed";

async function refresh() {
  const response = await fetch(location.href, { headers: { "HX-Request": "true" } });
  if (response.redirected || !response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of PARTS) {
    const [before, after] = [document.getElementById(id), fresh.getElementById(id)];
    if (before && after && !isHeld(before)) before.replaceWith(document.adoptNode(after));
  }
  const [chart, wanted] = [document.querySelector("[data-chart]"), fresh.querySelector("[data-chart]")];
  if (chart) draw(chart);
  else if (wanted) location.reload(); // the first query of the month: the empty place becomes a chart
}

function soon() {
  due = true;
  if (resting || document.hidden) return;
  due = false;
  resting = true;
  setTimeout(async () => {
    try { await refresh(); } catch { /* the next event tries again */ }
    resting = false;
    if (due) soon();
  }, REST);
}

document.body.addEventListener("live:event", soon);
document.body.addEventListener("live-open", (event) => { if (event.detail?.again) soon(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && due) soon(); });
