/* The desk: filters that apply themselves, and the board's drag. Without this script the forms do the same. */

for (const form of document.querySelectorAll("[data-autosubmit]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

const words = document.getElementById("board-words");
let dragged = null;

function targetsOf(card) {
  return card.dataset.targets.trim().split(/\s+/).filter(Boolean);
}

function say(text, kind = "") {
  if (!words) return;
  words.textContent = text;
  words.classList.toggle("visually-hidden", !kind);
  words.className = kind ? `o-note o-note-${kind} mb-3` : "visually-hidden";
}

async function move(card, state) {
  if (!targetsOf(card).includes(state)) {
    // Either not possible from here, or it needs words: the ticket's own page asks for them.
    if (targetsOf(card).includes(`${state}!`)) location.href = card.href;
    else say(`${card.dataset.number} cannot go there from where it is.`, "warn");
    return;
  }
  const answer = await fetch(`/tickets/${card.dataset.number}/transition/`, {
    method: "POST",
    headers: { "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
    body: new URLSearchParams({ to: state }),
  });
  const { detail } = await answer.json().catch(() => ({ detail: "That did not work. Try again." }));
  say(detail || `${card.dataset.number} was moved.`, detail ? "error" : "");
  document.body.dispatchEvent(new CustomEvent("board-moved"));
}

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.("[data-board] .o-tk");
  if (!card) return;
  dragged = card;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.dataset.number);
  card.classList.add("o-dragged");
  const targets = targetsOf(card).map((t) => t.replace("!", ""));
  for (const column of document.querySelectorAll("[data-board] .o-col")) {
    column.classList.toggle("o-col-possible", targets.includes(column.dataset.state));
  }
});

document.addEventListener("dragover", (event) => {
  if (dragged && event.target.closest?.(".o-col")) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const column = event.target.closest?.(".o-col");
  if (!dragged || !column) return;
  event.preventDefault();
  if (!column.contains(dragged)) move(dragged, column.dataset.state);
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("o-dragged");
  dragged = null;
  for (const column of document.querySelectorAll(".o-col-possible")) column.classList.remove("o-col-possible");
});
