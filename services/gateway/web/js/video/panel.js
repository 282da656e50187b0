// The side of the room: chat, which nobody keeps, and, for the host, who waits and who is in.
import { host as hostOf } from "./api.js";
import { say, since } from "./words.js";

const $ = (id) => document.getElementById(id);

/** Makes an element with a text and, for a button, what it does. */
function make(tag, text, properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...properties });
}

export class Panel {
  /** `wrong(problem)` says what could not be done; `ended()` is called when the host has ended the visit. */
  constructor({ mesh, sessionId, isHost, wrong, ended, announce }) {
    Object.assign(this, { mesh, isHost, wrong, ended, announce });
    this.unread = 0;
    this.host = isHost ? hostOf(sessionId) : null;
    $("chat-form").onsubmit = (event) => { event.preventDefault(); this.say(); };
    for (const name of ["chat", "people"]) {
      $(`open-${name}`).onclick = () => this.toggle(name);
      $(`close-${name}`).onclick = () => this.toggle(name, false);
    }
    if (isHost) {
      $("invite-form").onsubmit = (event) => { event.preventDefault(); this.invite(); };
      $("tell-form").onsubmit = (event) => { event.preventDefault(); this.tell(); };
      $("copy-invite").onclick = () => this.copy();
      this.timer = setInterval(() => this.refresh(), 10_000);
      this.refresh();
    }
  }

  toggle(name, open = $(`panel-${name}`).hidden) {
    for (const each of ["chat", "people"]) {
      const shown = each === name && open;
      $(`panel-${each}`).hidden = !shown;
      $(`open-${each}`).setAttribute("aria-expanded", String(shown));
    }
    $("room").classList.toggle("with-panel", open);
    if (open && name === "chat") { this.unread = 0; this.count(); $("chat-text").focus(); }
    if (!open) $(`open-${name}`).focus();
  }

  // --- chat ----------------------------------------------------------------------------------------------------------------

  say() {
    const text = $("chat-text").value.trim();
    if (!text) return;
    this.mesh.say(text);
    $("chat-text").value = "";
    this.write(say("you"), text, true);
  }

  hear(peer, message) {
    const name = peer.who.display_name || say("somebody");
    this.write(name, String(message.text).slice(0, 2000));
    if ($("panel-chat").hidden) { this.unread += 1; this.count(); this.announce(say("wrote", { name })); }
  }

  write(name, text, own = false) {
    const line = make("li", "", { className: own ? "own" : "" });
    line.append(make("b", name), make("span", text));
    $("chat-lines").append(line);
    $("chat-empty").hidden = true;
    line.scrollIntoView({ block: "end" });
  }

  count() {
    $("unread").hidden = !this.unread;
    $("unread").textContent = String(this.unread);
  }

  // --- the host's: who waits, who is in ----------------------------------------------------------------------------------

  async refresh() {
    if (!this.host) return;
    try {
      this.show((await this.host.session()).participants ?? []);
    } catch (problem) {
      if (problem.status === 401 || problem.status === 403) this.wrong(problem);
    }
  }

  show(people) {
    const waiting = people.filter((each) => each.state === "PARTICIPANT_STATE_WAITING");
    const inside = people.filter((each) => each.state === "PARTICIPANT_STATE_ADMITTED" && each.role !== "ROLE_CLINICIAN");
    const knew = this.waiting ?? new Set();
    for (const each of waiting) if (!knew.has(each.participant_id)) this.announce(say("waits", { name: each.display_name }));
    this.waiting = new Set(waiting.map((each) => each.participant_id));
    $("knocking").hidden = !waiting.length;
    $("knocking-list").replaceChildren(...waiting.map((each) => this.line(each, true)));
    $("inside-list").replaceChildren(...inside.map((each) => this.line(each, false)));
    $("inside-none").hidden = inside.length > 0;
    $("tell-form").hidden = !waiting.length;
  }

  line(person, waits) {
    const line = make("li", "");
    line.dataset.participant = person.participant_id;
    const words = make("span", "");
    words.append(make("b", person.display_name), make("small", waits ? say("waiting_for", { time: since(new Date(person.waiting_since)) }) : say(person.media === "MEDIA_AUDIO" ? "by_sound" : "by_video")));
    line.append(words);
    const role = person.role === "ROLE_PATIENT" ? say("role_patient") : say("role_guest");
    const acts = make("span", "", { className: "acts" });
    const act = (text, kind, what) => {
      const button = make("button", text, { type: "button", className: `button ${kind}`, ariaLabel: `${text}: ${person.display_name}` });
      button.onclick = () => this.act(button, () => what(person.participant_id));
      return button;
    };
    if (role !== person.display_name) words.append(make("small", role));
    line.append(acts);
    if (waits) acts.append(act(say("admit"), "main-action", (id) => this.host.admit(id)), act(say("deny"), "", (id) => this.host.deny(id)));
    else acts.append(act(say("send_out"), "danger", (id) => this.host.deny(id)));
    return line;
  }

  async act(button, what) {
    button.disabled = true;
    try {
      await what();
      await this.refresh();
    } catch (problem) {
      this.wrong(problem);
    } finally {
      button.disabled = false;
    }
  }

  async invite() {
    await this.act($("invite"), async () => {
      const { token } = await this.host.invite($("invite-name").value.trim() || say("role_guest"));
      $("invite-link").value = `${location.origin}/video#${token}`;
      $("invited").hidden = false;
      $("invite-link").select();
    });
  }

  async copy() {
    $("invite-link").select();
    await navigator.clipboard?.writeText($("invite-link").value).catch(() => {});
    this.announce(say("copied"));
  }

  async tell() {
    await this.act($("tell"), async () => {
      await this.host.tell($("tell-text").value.trim());
      this.announce(say("told"));
    });
  }

  async end() {
    try {
      await this.host.end();
      this.ended();
    } catch (problem) {
      this.wrong(problem);
    }
  }

  close() {
    clearInterval(this.timer);
  }
}
