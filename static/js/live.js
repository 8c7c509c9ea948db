/* One socket to /ws/events/ for the whole page. Each event becomes DOM events on <body>:
   `live` (detail: the frame) and `live:<topic>`, so that a fragment can say hx-trigger="live:ticket from:body". */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;
let socket = null;
let wait = FIRST_WAIT;
let leaving = false;

function state(open) {
  for (const dot of document.querySelectorAll("[data-live]")) {
    dot.classList.toggle("o-live-off", !open);
    dot.textContent = open ? dot.dataset.live || "Live" : "Reconnecting";
  }
  document.body.dispatchEvent(new CustomEvent(open ? "live-open" : "live-closed"));
}

function tell(frame) {
  document.body.dispatchEvent(new CustomEvent("live", { detail: frame }));
  const topic = frame.topic ?? frame.type;
  if (topic) document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: frame }));
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/events/`);
  socket.addEventListener("open", () => { wait = FIRST_WAIT; state(true); });
  socket.addEventListener("message", (event) => {
    let frame;
    try { frame = JSON.parse(event.data); } catch { return; }
    tell(frame);
  });
  socket.addEventListener("close", (event) => {
    state(false);
    if (leaving || [4401, 4403].includes(event.code)) return; // signed out or not a member: asking again changes nothing
    setTimeout(connect, wait + Math.random() * wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

addEventListener("pagehide", () => { leaving = true; socket?.close(); });
addEventListener("pageshow", (event) => { if (event.persisted) { leaving = false; connect(); } });
connect();
