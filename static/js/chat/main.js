/* The chat page: brings together the line, the thread and the composer. */

import { announce } from "../app.js";
import { Composer } from "./composer.js";
import { Line, newId } from "./socket.js";
import { Thread } from "./thread.js";

const root = document.getElementById("chat");
const data = root.dataset;
const connection = document.getElementById("connection");
const thread = new Thread(root);
const composer = document.getElementById("composer") ? new Composer(Number(data.limit)) : null;
const line = new Line({
  path: data.agent ? `/ws/chat/${data.agent}/` : "/ws/chat/",
  conversation: data.conversation,
  frame: Number(data.frame),
  fresh: Boolean(data.running),
});
const asked = new Map(); // what was sent and not yet accepted, by client id
let agent = { name: data.agentName, icon: "headset", slug: "" };

function show(name, icon) {
  document.getElementById("agent-name").textContent = name;
  composer?.setAgent(name);
  if (icon) thread.setIcon(document.querySelector("#agent-mark use"), icon);
}

async function fragment(url) {
  try {
    const response = await fetch(url, { credentials: "same-origin" });
    const words = response.headers.get("X-Chat-Line");
    if (words) document.getElementById("agent-line").textContent = words;
    return response.ok ? await response.text() : null;
  } catch {
    return null; // offline: what is drawn stays
  }
}

async function refreshList() {
  const html = await fragment(`${data.home}list/?current=${line.conversation ?? ""}`);
  if (html) document.getElementById("convs").innerHTML = html; // drawn by our own server, escaped there
}

async function settle(turn) {
  const html = await fragment(`${data.home}${line.conversation}/turns/${turn}/`);
  if (html) thread.replace(turn, html);
}

async function end(frame) {
  thread.finish();
  composer?.setBusy(false);
  await settle(frame.turn);
  refreshList();
  if (frame.type === "answered") announce(`${frame.agent.name} has answered.`);
  else announce(frame.detail ?? "The answer was stopped.");
}

function ask({ text, model }) {
  const clientId = newId();
  asked.set(clientId, { text, model });
  thread.addQuestion(clientId, text);
  composer.setBusy(true);
  send(clientId);
}

function send(clientId) {
  const { text, model } = asked.get(clientId);
  const frame = { type: "ask", text, model, client_id: clientId };
  if (line.conversation) frame.conversation = line.conversation;
  line.send(frame);
}

function refused(frame) {
  const question = asked.get(frame.client_id);
  if (question) {
    asked.delete(frame.client_id);
    thread.dropQuestion(frame.client_id);
    composer.setBusy(thread.live !== null);
    composer.fill(question.text);
  }
  composer?.note(frame.detail);
}

function accepted(frame) {
  asked.delete(frame.client_id);
  const isNew = line.conversation !== frame.conversation;
  if (isNew) {
    line.follow(frame.conversation);
    line.frame = 0;
    history.replaceState(null, "", `${data.home}${frame.conversation}/`);
    root.classList.add("o-chat-open");
  }
  thread.accepted(frame);
  if (isNew) refreshList();
}

function snapshot(frame) {
  const turns = new Set(frame.messages.map((message) => message.turn).filter(Boolean));
  for (const turn of turns) if (turn !== frame.turn && (!thread.has(turn) || thread.live?.id === turn)) settle(turn);
  if (frame.turn) {
    thread.restore(frame.turn, frame.messages, (message) => (
      message ? { slug: message.agent, name: message.agent_name, icon: "" } : agent
    ));
  } else {
    thread.finish();
  }
  composer?.setBusy(Boolean(frame.turn));
}

const handlers = {
  hello(frame) { if (!line.conversation) agent = frame.agent; },
  accepted,
  snapshot,
  started(frame) { agent = frame.agent; thread.start(frame); composer?.setBusy(true); show(agent.name, agent.icon); },
  handoff(frame) {
    agent = frame.to;
    show(agent.name, agent.icon);
    document.getElementById("agent-line").textContent = `took over from ${frame.from.name}`;
  },
  answered: end,
  stopped: end,
  error(frame) { if (frame.turn) end(frame); else refused(frame); },
};

line.addEventListener("frame", ({ detail: frame }) => {
  handlers[frame.type]?.(frame);
  if (["routed", "delta", "tool", "ticket", "handoff"].includes(frame.type)) thread.take(frame);
});

line.addEventListener("state", ({ detail }) => {
  connection.dataset.state = detail.state;
  connection.textContent = { open: "", lost: "Reconnecting…", ended: "Connection ended" }[detail.state];
  if (detail.state === "open") for (const clientId of asked.keys()) send(clientId);
  if (detail.state === "ended") composer?.note("Your access has ended. Load the page again to see why.");
});

composer?.addEventListener("ask", ({ detail }) => ask(detail));
composer?.addEventListener("stop", () => line.send({ type: "stop" }));

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-try], [data-retry], [data-show-list]");
  if (!button) return;
  if (button.hasAttribute("data-show-list")) root.classList.remove("o-chat-open");
  else if (composer && !composer.busy) ask({ text: button.dataset.retry ?? button.textContent.trim(), model: "auto" });
});

line.open();
