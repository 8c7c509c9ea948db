/* Rearranging the org chart by drag and drop. The form under the chart does the same without dragging. */

import { announce, note } from "./app.js";

const chart = document.getElementById("org");
const button = document.querySelector("[data-rearrange]");
const hint = document.querySelector("[data-org-hint]");
const rest = hint?.textContent;
let moving = null;

const nodes = () => chart.querySelectorAll("[data-agent]");
const isOn = () => button?.getAttribute("aria-pressed") === "true";

/* A manager stands above and is not below the one that moves. The server has the last word. */
const fits = (target) => moving && target !== moving
  && Number(target.dataset.rank) < Number(moving.dataset.rank)
  && !moving.parentElement.contains(target)
  && moving.parentElement.parentElement.parentElement.querySelector(":scope > [data-agent]") !== target;

function arm(on) {
  button.setAttribute("aria-pressed", String(on));
  button.querySelector("span").textContent = on ? "Done" : "Rearrange";
  chart.classList.toggle("o-org-open", on);
  for (const node of nodes()) node.draggable = on;
  hint.textContent = on ? "Drag an agent onto its new manager. Its reports move along." : rest;
}

function clear() {
  for (const node of nodes()) node.classList.remove("o-node-fits", "o-node-over", "o-node-moving");
  moving = null;
}

async function move(agent, manager) {
  const name = (node) => node.querySelector("b").textContent;
  const words = `${name(agent)} now reports to ${name(manager)}.`;
  const body = new URLSearchParams({ agent: agent.dataset.agent, manager: manager.dataset.agent });
  chart.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(chart.dataset.moveUrl, {
      method: "POST",
      body,
      headers: {
        "X-Requested-With": "fetch",
        "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content,
      },
    });
    const text = await answer.text();
    if (answer.redirected) location.reload();
    else if (answer.ok) {
      chart.replaceChildren(document.createRange().createContextualFragment(text));
      arm(true);
      hint.textContent = words;
      announce(words);
    } else {
      note(answer.status < 500 ? text : "That did not work. Nothing was changed; try again.");
    }
  } catch {
    note("The server did not answer. Nothing was changed.");
  } finally {
    chart.removeAttribute("aria-busy");
  }
}

if (chart && button) {
  button.addEventListener("click", () => arm(!isOn()));
  chart.addEventListener("dragstart", (event) => {
    moving = event.target.closest("[data-agent]");
    if (!isOn() || !moving) { event.preventDefault(); return; }
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", moving.dataset.agent);
    moving.classList.add("o-node-moving");
    for (const node of nodes()) if (fits(node)) node.classList.add("o-node-fits");
  });
  chart.addEventListener("dragover", (event) => {
    const target = event.target.closest("[data-agent]");
    for (const node of nodes()) node.classList.toggle("o-node-over", node === target && fits(node));
    if (target && fits(target)) event.preventDefault();
  });
  chart.addEventListener("drop", (event) => {
    const target = event.target.closest("[data-agent]");
    event.preventDefault();
    const agent = moving;
    const good = target && fits(target);
    clear();
    if (good) move(agent, target);
  });
  chart.addEventListener("dragend", clear);
  chart.addEventListener("click", (event) => {
    if (isOn() && event.target.closest("[data-agent]")) event.preventDefault();
  });
}
