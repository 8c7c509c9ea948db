/* The audit log says how many entries were written since it was drawn; nothing moves under the reader's eyes. */

const link = document.querySelector("[data-newer]");
const newest = Number(document.querySelector("#chain [data-seq]")?.dataset.seq ?? 0);
const seen = new Set();

document.body.addEventListener("live", (event) => {
  const { type, seq } = event.detail;
  if (!link || type !== "event" || !(seq > newest)) return;
  seen.add(seq);
  link.textContent = seen.size === 1 ? "1 new entry" : `${seen.size} new entries`;
  link.hidden = false;
});
