/* The thread: what is being written is drawn here; what is finished comes drawn from the server and takes its place. */

import { draw } from "./markdown.js";

const piece = (name) => document.getElementById(`piece-${name}`).content.firstElementChild.cloneNode(true);

class LiveTurn {
  constructor(thread, id) {
    this.thread = thread;
    this.id = id;
    this.tools = new Map();
    this.texts = new Map();
    this.agent = null;
    this.started = performance.now();
    this.clock = setInterval(() => this.#tick(), 500);
  }

  setAgent(agent) {
    if (this.agent?.slug === agent.slug) return;
    this.#quiet();
    this.agent = agent;
    this.item = piece("agent");
    this.item.dataset.turn = this.id;
    this.thread.setIcon(this.item.querySelector("use"), agent.icon);
    this.item.querySelector("b").textContent = agent.name;
    this.parts = this.item.querySelector(".o-parts");
    this.writing = this.item.querySelector(".o-writing");
    this.say(`${agent.name} is thinking`);
    this.thread.turns.append(this.item);
  }

  say(words, tier = "") {
    const [mark, text] = this.writing.children;
    mark.hidden = !tier;
    if (tier) mark.className = `o-mark o-mark-${tier}`;
    text.textContent = words;
  }

  routed(frame) {
    this.setAgent(frame.agent);
    // The first reason repeats the score; the one after it speaks of the text.
    const reason = frame.reasons.length > 2 ? frame.reasons[1] : frame.reasons[0];
    const why = reason ? `, because ${reason[0].toLowerCase()}${reason.slice(1)}` : "";
    this.say(`${frame.model}${why}`, frame.tier);
  }

  write(message, text) {
    let entry = this.texts.get(message);
    if (!entry) {
      entry = { box: document.createElement("div"), text: "" };
      entry.box.className = "o-md";
      this.parts.append(entry.box);
      this.texts.set(message, entry);
    }
    entry.text += text;
    this.current = entry;
    if (!this.drawing) this.drawing = requestAnimationFrame(() => { this.drawing = 0; this.#draw(entry); });
  }

  #draw(entry) {
    const end = draw(entry.box, entry.text);
    const caret = document.createElement("span");
    caret.className = "o-caret";
    caret.setAttribute("aria-hidden", "true");
    end.append(caret);
    this.thread.stick();
  }

  tool(frame) {
    if (frame.name === "hand_over") return;
    let row = this.tools.get(frame.call);
    if (!row) {
      row = piece("tool");
      row.querySelector("code").textContent = frame.name;
      this.parts.append(row);
      this.tools.set(frame.call, row);
    }
    const time = frame.duration_ms < 1000 ? `${frame.duration_ms}\u00a0ms` : `${(frame.duration_ms / 1000).toFixed(1)}\u00a0s`;
    const words = { called: "at work", done: `done in ${time}`, failed: `refused in ${time}` };
    row.querySelector("span").textContent = words[frame.state];
    if (frame.state === "called") this.say(`${this.agent.name} uses ${frame.name}`);
  }

  ticket({ ticket }) {
    const card = piece("ticket");
    card.href = ticket.url || `/tickets/${ticket.number}/`;
    card.querySelector(".o-key").textContent = ticket.number;
    card.querySelector(".o-ticketcard-title").textContent = ticket.title;
    const [priority, state] = [card.querySelector("[data-priority]"), card.querySelector("[data-ticket-state]")];
    priority.textContent = ticket.priority ? `Priority ${ticket.priority}` : "";
    priority.hidden = !ticket.priority;
    priority.classList.toggle("o-chip-warn", ticket.priority < 3);
    state.textContent = ticket.state_label ?? ticket.state ?? "";
    state.hidden = !state.textContent;
    this.parts.append(card);
  }

  handoff(frame) {
    if (!this.parts.children.length) this.item.remove();
    this.#quiet();
    const line = piece("handoff");
    line.dataset.turn = this.id;
    const [giver, taker] = line.querySelectorAll("b");
    const icons = line.querySelectorAll(".o-agent use");
    giver.textContent = frame.from.name;
    taker.textContent = frame.to.name;
    this.thread.setIcon(icons[0], frame.from.icon);
    this.thread.setIcon(icons[1], frame.to.icon);
    line.querySelector(".o-turn-why").textContent = frame.reason;
    this.thread.turns.append(line);
    this.agent = null;
    this.setAgent(frame.to);
  }

  #quiet() {
    if (this.drawing) { cancelAnimationFrame(this.drawing); this.drawing = 0; if (this.current) draw(this.current.box, this.current.text); }
    this.item?.querySelector(".o-caret")?.remove();
    this.writing?.remove();
  }

  #tick() {
    const seconds = (performance.now() - this.started) / 1000;
    const clock = this.writing?.lastElementChild;
    if (clock && seconds > 1) clock.textContent = `${seconds.toFixed(1)} s`;
  }

  end() {
    clearInterval(this.clock);
    this.#quiet();
  }
}

export class Thread {
  constructor(root) {
    this.root = root;
    this.box = document.getElementById("messages");
    this.turns = document.getElementById("turns");
    this.live = null;
    this.pending = new Map(); // questions on their way, by client id
    this.sticks = true;
    this.box.addEventListener("scroll", () => {
      this.sticks = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 80;
    }, { passive: true });
    this.stick(true);
  }

  setIcon(use, name) {
    use.setAttribute("href", `${this.root.dataset.icons}#${name || "headset"}`);
  }

  stick(always = false) {
    if (always) this.sticks = true;
    if (this.sticks) this.box.scrollTop = this.box.scrollHeight;
  }

  /* The person's words at once, before the server has them. */
  addQuestion(clientId, text) {
    document.getElementById("welcome")?.remove();
    const item = this.#question(text);
    item.dataset.pending = "";
    this.pending.set(clientId, item);
    this.stick(true);
  }

  dropQuestion(clientId) {
    this.pending.get(clientId)?.remove();
    this.pending.delete(clientId);
  }

  accepted({ client_id: clientId, turn }) {
    const item = this.pending.get(clientId);
    if (!item) return;
    this.pending.delete(clientId);
    if (this.#known(turn)) item.remove();
    else item.dataset.turn = turn;
    delete item.dataset.pending;
  }

  start(frame) {
    if (!this.#known(frame.turn)) this.#question(frame.question.text).dataset.turn = frame.turn;
    this.#begin(frame.turn).setAgent(frame.agent);
    this.stick();
  }

  /* A frame of the turn under way; false when it belongs to one that is not drawn here. */
  take(frame) {
    const turn = this.live;
    if (!turn || turn.id !== frame.turn) return false;
    if (frame.type === "routed") turn.routed(frame);
    else if (frame.type === "delta") turn.write(frame.message, frame.text);
    else if (frame.type === "tool") turn.tool(frame);
    else if (frame.type === "ticket") turn.ticket(frame);
    else if (frame.type === "handoff") turn.handoff(frame);
    this.stick();
    return true;
  }

  /* Redraw the turn under way from a snapshot's messages. */
  restore(turnId, messages, agentOf) {
    this.#clear(turnId);
    const own = messages.filter((message) => message.turn === turnId);
    const question = own.find((message) => message.role === "person");
    if (question) this.#question(question.text).dataset.turn = turnId;
    const turn = this.#begin(turnId);
    for (const message of own) {
      if (message.role === "handover") { turn.setAgent(message.data.from); turn.handoff(message.data); continue; }
      if (message.role === "person") continue;
      turn.setAgent(agentOf(message));
      if (message.role === "agent" && message.text) {
        turn.write(message.id, message.text);
        turn.say(`${message.agent_name} is writing`);
      }
      if (message.role === "tool") {
        turn.tool({ ...message.data, call: message.data.call_id, state: message.data.failed ? "failed" : "done" });
        if (message.data.data?.ticket) turn.ticket({ ticket: message.data.data.ticket });
      }
    }
    if (!turn.agent) turn.setAgent(agentOf(null));
    this.stick(true);
  }

  finish() {
    this.live?.end();
    this.live = null;
  }

  /* Put the server's drawing in the place of ours. */
  replace(turnId, html) {
    const parsed = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html").querySelector("ol");
    const first = this.turns.querySelector(`[data-turn="${CSS.escape(turnId)}"]`);
    const place = document.createComment("");
    if (first) first.before(place); else this.turns.append(place);
    this.#clear(turnId);
    place.replaceWith(...parsed.children);
    this.stick();
  }

  has(turnId) {
    return this.#known(turnId);
  }

  #known(turnId) {
    return this.turns.querySelector(`[data-turn="${CSS.escape(turnId)}"]`) !== null;
  }

  #clear(turnId) {
    for (const item of this.turns.querySelectorAll(`[data-turn="${CSS.escape(turnId)}"]`)) item.remove();
  }

  #begin(turnId) {
    this.live?.end();
    this.live = new LiveTurn(this, turnId);
    return this.live;
  }

  #question(text) {
    document.getElementById("welcome")?.remove();
    const item = piece("question");
    const body = item.firstElementChild;
    text.split("\n").forEach((line, index) => {
      if (index) body.append(document.createElement("br"));
      body.append(line);
    });
    this.turns.append(item);
    return item;
  }
}
