/* The composer: Enter sends, Shift and Enter breaks the line; Stop while an answer is being written. */

const NEAR_LIMIT = 0.9;

export class Composer extends EventTarget {
  constructor(limit) {
    super();
    this.limit = limit;
    this.form = document.getElementById("composer");
    this.field = document.getElementById("say");
    this.sendButton = document.getElementById("send");
    this.stopButton = document.getElementById("stop");
    this.model = document.getElementById("model");
    this.noteBox = document.getElementById("composer-note");
    this.left = document.getElementById("left");
    this.busy = false;
    this.field.addEventListener("input", () => this.#update());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    this.stopButton.addEventListener("click", () => this.dispatchEvent(new Event("stop")));
    this.#update();
  }

  setBusy(busy) {
    const hadFocus = document.activeElement === this.stopButton;
    this.busy = busy;
    this.stopButton.hidden = !busy;
    this.stopButton.disabled = false;
    if (hadFocus && !busy) this.field.focus();
    this.#update();
  }

  setAgent(name) {
    this.field.placeholder = `Write to ${name}`;
  }

  /* Put words into the field, as those that could not be sent. */
  fill(text) {
    if (!this.field.value) this.field.value = text;
    this.#update();
    this.field.focus();
  }

  note(words) {
    this.noteBox.hidden = !words;
    this.noteBox.className = "o-composer-note o-note o-note-error";
    this.noteBox.textContent = words;
  }

  #submit() {
    const text = this.field.value;
    if (this.busy || !text.trim() || text.length > this.limit) return;
    this.field.value = "";
    this.note("");
    this.#update();
    this.dispatchEvent(new CustomEvent("ask", { detail: { text, model: this.model.value } }));
  }

  #update() {
    const { value } = this.field;
    const length = [...value].length;
    this.field.rows = Math.min(10, Math.max(1, value.split("\n").length + Math.floor(length / 90)));
    this.sendButton.disabled = this.busy || !value.trim() || length > this.limit;
    this.left.hidden = length < this.limit * NEAR_LIMIT;
    this.left.toggleAttribute("data-over", length > this.limit);
    this.left.textContent = `${length.toLocaleString("en-US")} of ${this.limit.toLocaleString("en-US")} characters`;
  }
}
