/* The steps of an organization that is being set up, asked for again until its doors are open. */

const box = document.querySelector("[data-progress]");

async function refresh() {
  const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { status, steps } = await answer.json();
  const done = steps.filter((step) => step.state === "done").length;
  box.querySelector("p").textContent = `${done} of ${steps.length} steps`;
  box.querySelector("ul").replaceChildren(...steps.map((step) => {
    const item = document.createElement("li");
    item.textContent = `${step.state === "done" ? "✓" : "·"} ${step.name}`;
    return item;
  }));
  if (status === "provisioning") setTimeout(refresh, 500);
  else location.reload();
}

if (box && box.dataset.status === "provisioning") setTimeout(refresh, 300);
