/* What every page can do: theme, menus, dialogs, copying, htmx manners. Data arrives in data- attributes. */

const root = document.documentElement;

/* Theme: the cookie lets the server send the next page in the right colours. */
function setTheme(theme) {
  root.setAttribute("data-bs-theme", theme);
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${secure}`;
  document.dispatchEvent(new Event("theme"));
}

/* A word for those who listen instead of look. */
export function announce(words) {
  let region = document.getElementById("announcer");
  if (!region) {
    region = document.createElement("p");
    region.id = "announcer";
    region.className = "o-fallback";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = words; });
}

/* A note at the top of the page, for what failed while nobody was looking at a particular place. */
export function note(words, kind = "error") {
  const main = document.getElementById("main");
  if (!main) return;
  let box = main.querySelector(":scope > [data-note]");
  if (!box) {
    box = document.createElement("div");
    box.dataset.note = "";
    box.setAttribute("role", "alert");
    main.prepend(box);
  }
  box.className = `o-note o-note-${kind} mb-3`;
  box.textContent = words;
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copyFrom ?? "");
  const text = button.dataset.copy ?? source?.value ?? source?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text.trim());
  } catch {
    const field = document.createElement("textarea"); // plain http on a named host has no clipboard
    field.value = text.trim();
    field.className = "o-fallback";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  if (label.dataset.was === undefined && before.trim()) {
    label.dataset.was = before;
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = label.dataset.was; delete label.dataset.was; }, 1600);
  }
  announce("Copied");
}

function openDialog(button) {
  const dialog = document.getElementById(button.dataset.dialog);
  if (!dialog) return;
  dialog.addEventListener("close", () => button.focus(), { once: true });
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const target = event.target;
  if (!(target instanceof Element)) return;
  const at = (selector) => target.closest(selector);
  if (at("[data-theme-toggle]")) setTheme(root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
  else if (at("[data-copy], [data-copy-from]")) copy(at("[data-copy], [data-copy-from]"));
  else if (at("[data-dialog]")) openDialog(at("[data-dialog]"));
  else if (at("[data-dialog-close]")) at("dialog")?.close();
  else if (at("[data-print]")) print();
  else if (at("[data-reload]")) location.reload();
  else if (target instanceof HTMLDialogElement) target.close(); // the backdrop belongs to the dialog
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(target)) menu.open = false;
});

/* Ctrl K (or Cmd K) leads to the search box. No single key does: those hinder who speaks to the computer. */
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
  const field = document.querySelector("[data-search]");
  if (!field?.checkVisibility()) return;
  event.preventDefault();
  field.focus();
  field.select();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

/* Filters apply as they change; without script the form has its button. */
document.addEventListener("change", (event) => {
  const form = event.target instanceof Element && event.target.closest("[data-submit-on-change]");
  if (form) form.requestSubmit();
});

/* A form that was sent is not sent twice. */
document.addEventListener("submit", (event) => {
  if (!(event.target instanceof HTMLFormElement) || event.target.method !== "post") return;
  const button = event.submitter;
  if (button && !event.defaultPrevented) setTimeout(() => { button.disabled = true; }, 0);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("button:disabled")) button.disabled = false;
});

/* htmx: the token travels as a header, an ended session leads to the sign-in page, a failure is said. */
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token) event.detail.headers["X-CSRFToken"] = token;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL || location.href).pathname.startsWith("/accounts/login")) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
document.addEventListener("htmx:responseError", (event) => {
  note(`That did not work (${event.detail.xhr.status}). Nothing was changed; try again.`);
});
document.addEventListener("htmx:sendError", () => note("The server did not answer. Try again in a moment."));
