/* One socket to /ws/events/ for the whole page. Each committed entry of the chain becomes DOM events on <body>:
   `live:event` for all of them, and one by its noun, so that a fragment can say hx-trigger="live:ticket from:body".
   `live-open` (detail.again after a break) and `live-closed` tell the state; elements with data-live show it. */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;
const PING = 25000;
const FORBIDDEN = 4403;
let socket = null;
let wait = FIRST_WAIT;
let leaving = false;
let opened = false;
let pings = 0;

function show(open) {
  for (const dot of document.querySelectorAll("[data-live]")) {
    dot.classList.toggle("o-live-off", !open);
    dot.textContent = open ? dot.dataset.live : "Not connected";
  }
}

function say(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { detail }));
}

function hear(frame) {
  if (frame.type !== "event") return;
  say("live:event", frame);
  const noun = frame.action?.split(".")[1];
  if (noun) say(`live:${noun}`, frame);
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/events/`);
  socket.addEventListener("open", () => {
    wait = FIRST_WAIT;
    show(true);
    say("live-open", { again: opened });
    opened = true;
    pings = setInterval(() => socket.send('{"type": "ping"}'), PING);
  });
  socket.addEventListener("message", (event) => {
    let frame = {};
    try { frame = JSON.parse(event.data); } catch { return; }
    hear(frame);
  });
  socket.addEventListener("close", (event) => {
    clearInterval(pings);
    show(false);
    say("live-closed", { code: event.code });
    if (leaving || event.code === FORBIDDEN) return; // asking again would change nothing
    setTimeout(connect, wait + Math.random() * wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

addEventListener("pagehide", () => { leaving = true; socket?.close(); });
addEventListener("pageshow", (event) => { if (event.persisted) { leaving = false; connect(); } });
connect();
