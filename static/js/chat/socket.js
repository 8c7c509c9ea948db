/* The line to the server: opened, kept, resumed. Frames come in their order, once each; docs/websocket.md says how. */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 15000;
const PING_EVERY = 25000;
const ACK_EVERY = 16;
const ACK_AFTER = 250;
const FINAL_CODES = new Set([4403]);

export class Line extends EventTarget {
  #socket = null;
  #wait = FIRST_WAIT;
  #leaving = false;
  #acked = 0;
  #ackTimer = 0;
  #pinger = 0;
  #greeted = false;

  constructor({ path, conversation, frame, fresh }) {
    super();
    this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.conversation = conversation;
    this.frame = frame;
    this.fresh = fresh; // a snapshot is wanted, whatever frame we know
    addEventListener("pagehide", () => { this.#leaving = true; this.#socket?.close(); });
    addEventListener("pageshow", (event) => { if (event.persisted) { this.#leaving = false; this.open(); } });
    addEventListener("online", () => { if (!this.#socket) this.open(); });
  }

  open() {
    if (this.#socket) return;
    const socket = this.#socket = new WebSocket(this.url);
    this.#greeted = false;
    socket.addEventListener("message", (event) => this.#take(event.data));
    socket.addEventListener("close", (event) => this.#closed(event.code));
    clearInterval(this.#pinger);
    this.#pinger = setInterval(() => this.#now({ type: "ping" }), PING_EVERY);
  }

  /* Send now; without a line nothing is sent, and whoever cares sends again at the `open` state. */
  send(frame) {
    if (this.#greeted) this.#now(frame);
  }

  follow(conversation) {
    if (this.conversation === conversation) return;
    this.conversation = conversation;
    this.#acked = 0;
  }

  #now(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #take(text) {
    const frame = JSON.parse(text);
    if (frame.type === "hello") this.#hello();
    if (frame.type === "snapshot") this.frame = frame.frame;
    else if (frame.frame) {
      if (frame.frame <= this.frame) return; // seen before
      this.frame = frame.frame;
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    if (frame.frame) this.#ackSoon();
  }

  #hello() {
    this.#greeted = true;
    this.#wait = FIRST_WAIT;
    if (this.conversation) this.#now({ type: "resume", conversation: this.conversation, frame: this.fresh ? 0 : this.frame });
    this.fresh = false;
    this.dispatchEvent(new CustomEvent("state", { detail: { state: "open" } }));
  }

  #ackSoon() {
    if (this.frame - this.#acked >= ACK_EVERY) this.#ack();
    else if (!this.#ackTimer) this.#ackTimer = setTimeout(() => this.#ack(), ACK_AFTER);
  }

  #ack() {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = 0;
    this.#acked = this.frame;
    this.#now({ type: "ack", frame: this.frame });
  }

  #closed(code) {
    this.#socket = null;
    this.#greeted = false;
    clearInterval(this.#pinger);
    if (this.#leaving) return;
    const isFinal = FINAL_CODES.has(code);
    this.dispatchEvent(new CustomEvent("state", { detail: { state: isFinal ? "ended" : "lost", code } }));
    if (isFinal) return;
    setTimeout(() => { if (!this.#leaving) this.open(); }, this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }
}

/* An id for a question, so that sending it twice asks once. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
