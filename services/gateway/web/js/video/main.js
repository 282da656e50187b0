// The room page from the link to the good-bye: which part of the page is shown, and what its controls do.
import * as api from "./api.js";
import { Check } from "./check.js";
import * as devices from "./devices.js";
import { Panel } from "./panel.js";
import { Stage } from "./stage.js";
import "./tile.js";
import { Visit } from "./visit.js";
import { clock, moment, say, since } from "./words.js";

const $ = (id) => document.getElementById(id);
const KEPT = "polyclinic-video";
const DEVICE = "polyclinic-video-browser";
const ASK_AGAIN = 15_000;
// Refusals that another try cannot mend, and the scene that explains them.
const CLOSED = ["SESSION_CLOSED", "LINK_USED", "DENIED_ENTRY", "NOT_LICENSED_THERE", "UNAUTHENTICATED"];

const kept = () => JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
const keep = (values) => sessionStorage.setItem(KEPT, JSON.stringify({ ...kept(), ...values }));

/** A secret of this browser, so that a guest's link works again here and nowhere else. */
function deviceKey() {
  let key = localStorage.getItem(DEVICE);
  if (!key) localStorage.setItem(DEVICE, (key = crypto.randomUUID()));
  return key;
}

function scene(name) {
  for (const each of document.querySelectorAll("main[data-scene]")) each.hidden = each.dataset.scene !== name;
  document.body.dataset.scene = name;
  const title = document.querySelector(`main[data-scene="${name}"] h1`);
  if (title) { title.tabIndex = -1; title.focus({ preventScroll: true }); }
}

const announce = (text) => { $("said").textContent = ""; requestAnimationFrame(() => { $("said").textContent = text; }); };

class Page {
  constructor() {
    const link = location.hash.slice(1);
    if (link) {
      // The link is out of sight at once: whoever stands behind, or looks into the history, finds nothing.
      if (link !== kept().link) sessionStorage.removeItem(KEPT);
      keep({ link });
      history.replaceState(null, "", location.pathname + location.search);
    }
    this.link = kept().link ?? "";
    this.check = new Check();
    this.hold();
  }

  hold() {
    $("join-form").onsubmit = (event) => { event.preventDefault(); this.join(); };
    $("toggle-microphone").onclick = () => this.toggleMicrophone();
    $("toggle-camera").onclick = () => this.toggleCamera();
    $("toggle-screen").onclick = () => this.toggleScreen();
    $("toggle-screen").hidden = !navigator.mediaDevices?.getDisplayMedia;
    $("leave").onclick = () => this.askToLeave();
    $("stay").onclick = () => $("leaving").close();
    $("leave-now").onclick = () => { $("leaving").close(); this.visit.leave(); };
    $("end-now").onclick = () => { $("leaving").close(); this.panel.end(); };
    $("leave-waiting").onclick = () => this.visit.leave();
    $("picture-again").onclick = () => { $("saved").hidden = true; this.toggleCamera(); };
    $("again").onclick = () => location.reload();
    // Another link opened in the same tab changes only what stands behind the #.
    addEventListener("hashchange", () => location.reload());
    addEventListener("pagehide", () => this.visit?.vanish());
    addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (document.body.dataset.scene !== "room" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    const control = { m: "toggle-microphone", c: "toggle-camera", s: "toggle-screen", h: "open-chat" }[event.key.toLowerCase()];
    if (control && !$(control).hidden) { event.preventDefault(); $(control).click(); }
  }

  // --- before ------------------------------------------------------------------------------------------------------------

  async start() {
    if (!this.link) return this.over("nolink");
    try {
      const token = kept().participant ?? this.link;
      this.told = await api.describe(token);
    } catch (problem) {
      return this.over(problem.status === 0 || problem.status >= 500 ? "unreachable" : "expired");
    }
    const { room } = this.told;
    if (["SESSION_STATUS_ENDED", "SESSION_STATUS_CANCELLED", "SESSION_STATUS_NOT_HELD"].includes(room.status)) return this.over(room.status === "SESSION_STATUS_CANCELLED" ? "cancelled" : "ended");
    this.introduce(room);
    scene("check");
    await this.check.begin(this.told.ice_servers ?? []);
    if (kept().participant) await this.comeBack();
  }

  introduce(room) {
    document.body.dataset.role = room.role;
    for (const each of document.querySelectorAll("[data-for]")) each.hidden = !each.dataset.for.split(" ").includes(room.role);
    // What is hidden for this role is not asked of it.
    for (const each of document.querySelectorAll("[data-for][hidden] [required]")) each.required = false;
    const values = { name: room.host_name || say("your_clinician"), time: moment(room.start_time, room.time_zone) };
    $("with").textContent = say(room.role === "ROLE_PATIENT" ? "with" : room.role === "ROLE_CLINICIAN" ? "as_host" : "as_guest", { ...values, guest: room.display_name });
    $("when").textContent = values.time;
    this.door(room);
  }

  /** Too early: the page says from when on, and looks again. */
  door(room) {
    const early = new Date(room.as_of) < new Date(room.join_from);
    $("early").hidden = !early;
    $("join").disabled = early;
    if (!early) return;
    $("early-words").textContent = say("early", { time: moment(room.join_from, room.time_zone) });
    setTimeout(async () => {
      const told = await api.describe(this.link).catch(() => this.told);
      this.door(told.room);
    }, ASK_AGAIN);
  }

  async join() {
    $("join").disabled = true;
    $("join-problem").hidden = true;
    const { role } = this.told.room;
    try {
      const joined = await api.join({
        token: this.link,
        media: this.check.tracks.camera ? "MEDIA_VIDEO" : "MEDIA_AUDIO",
        ...(role === "ROLE_PATIENT" ? { patient_state: $("state").value, patient_at_home: $("at-home").checked } : {}),
        consented: role !== "ROLE_CLINICIAN" && $("consent").checked,
        device_key: deviceKey(),
      });
      this.enter(joined);
    } catch (problem) {
      this.refuse(problem);
    } finally {
      $("join").disabled = false;
    }
  }

  /** A page that was loaded again, or a browser that came back: in again without asking. */
  async comeBack() {
    try {
      this.enter(await api.rejoin(kept().participant, this.check.tracks.camera ? "MEDIA_VIDEO" : "MEDIA_AUDIO"));
    } catch (problem) {
      keep({ participant: undefined });
      if (problem.reason !== "UNAUTHENTICATED") this.refuse(problem);
    }
  }

  refuse(problem) {
    if (CLOSED.includes(problem.reason) && problem.reason !== "NOT_LICENSED_THERE") {
      this.over({ SESSION_CLOSED: "ended", LINK_USED: "used", DENIED_ENTRY: "denied", UNAUTHENTICATED: "expired" }[problem.reason]);
      return;
    }
    const words = { NOT_LICENSED_THERE: "not_licensed", ROOM_FULL: "full", JOIN_WINDOW: "window", UNREACHABLE: "unreachable_words" }[problem.reason];
    $("join-problem").hidden = false;
    $("join-problem-words").textContent = words ? say(words, { name: this.told.room.host_name }) : problem.message;
    $("join-problem").focus();
  }

  // --- inside --------------------------------------------------------------------------------------------------------------

  enter(joined) {
    keep({ participant: joined.participant_token });
    const { speaker, ...tracks } = this.check.handOver();
    this.speaker = speaker;
    this.isHost = joined.participant.role === "ROLE_CLINICIAN";
    this.visit = new Visit(joined, tracks, {
      relayOnly: $("relay-only").checked,
      on: {
        waiting: (room) => this.showWaiting(room),
        inside: () => this.showRoom(),
        room: (room) => { this.room = room; },
        changed: () => this.draw(),
        chat: (peer, message) => this.panel?.hear(peer, message),
        people: () => this.panel?.refresh(),
        arrived: (peer) => { if (peer.who.display_name) announce(say("came", { name: peer.who.display_name })); },
        gone: (peer) => { if (peer.who.display_name) announce(say("went", { name: peer.who.display_name })); },
        over: (why) => this.over(why),
        cloud: (reached) => { this.cut = !reached; this.draw(); },
        saved: () => { $("saved").hidden = false; this.draw(); },
      },
    });
    this.stage = new Stage($("stage"), this.visit.mesh);
    this.stage.speaker = speaker;
    $("toggle-microphone").disabled = !tracks.microphone;
    this.begun = Date.now();
    this.visit.begin();
  }

  showWaiting(room) {
    if (document.body.dataset.scene !== "waiting") scene("waiting");
    const soon = new Date(room.expected_start_time) - new Date(room.as_of) < 60_000;
    $("waiting-for").textContent = say("waiting_with", { name: room.host_name || say("your_clinician") });
    $("host-in").textContent = say(room.host_in ? "host_is_in" : "host_is_not_in", { name: room.host_name || say("your_clinician") });
    $("planned").textContent = clock(room.start_time, room.time_zone);
    $("position").textContent = room.ahead ? say(room.ahead === 1 ? "one_before" : "before", { count: room.ahead }) : say("you_are_next");
    $("expected").textContent = soon ? say("any_moment") : say("about", { time: clock(room.expected_start_time, room.time_zone) });
    $("note").hidden = !room.waiting_message;
    if ($("note-words").textContent !== room.waiting_message) $("note-words").textContent = room.waiting_message;
  }

  showRoom() {
    scene("room");
    if (!this.panel) {
      this.panel = new Panel({
        mesh: this.visit.mesh,
        sessionId: this.visit.sessionId,
        isHost: this.isHost,
        announce,
        wrong: (problem) => this.wrong(problem),
        ended: () => this.visit.finish("ended"),
      });
      if (this.isHost && matchMedia("(min-width: 60rem)").matches) this.panel.toggle("people", true);
      this.ticking = setInterval(() => { $("clock").textContent = since(this.begun); }, 1000);
    }
    announce(say("you_are_in"));
  }

  wrong(problem) {
    const words = { ROOM_FULL: "full", NOT_LICENSED_THERE: "not_licensed_host" }[problem.reason] ?? (problem.status === 401 ? "signed_out" : "could_not");
    $("wrong").hidden = false;
    $("wrong-words").textContent = say(words);
    setTimeout(() => { $("wrong").hidden = true; }, 9000);
  }

  draw() {
    if (!this.stage || this.visit.finished) return;
    this.stage.draw();
    const { microphone, camera } = this.visit.mesh.tracks;
    this.turn("toggle-microphone", Boolean(microphone?.enabled), microphone?.enabled ? "mute" : "unmute");
    this.turn("toggle-camera", Boolean(camera), camera ? "camera_stop" : "camera_start");
    this.turn("toggle-screen", Boolean(this.visit.mesh.screen), this.visit.mesh.screen ? "screen_stop" : "screen_start");
    const peers = [...this.visit.mesh.peers.values()];
    const lost = peers.some((peer) => peer.connectedOnce && !peer.connected);
    const worst = ["bad", "weak", "good"].find((each) => peers.some((peer) => peer.quality?.verdict === each)) ?? "";
    const state = this.cut ? "cut" : lost ? "lost" : worst;
    $("line").hidden = !state;
    $("line").dataset.state = state;
    $("line-words").textContent = state ? say(`line_${state}`) : "";
    $("relayed").hidden = !peers.some((peer) => peer.quality?.relayed);
  }

  /** A control says what pressing it does, and looks as what it controls is. */
  turn(id, on, words) {
    $(id).dataset.on = String(on);
    const label = $(id).querySelector("span");
    if (label.textContent !== say(words)) label.textContent = say(words);
  }

  toggleMicrophone() {
    const { microphone } = this.visit.mesh.tracks;
    if (!microphone) return;
    this.visit.mute(microphone.enabled);
  }

  async toggleCamera() {
    if (this.visit.mesh.tracks.camera) { await this.visit.send("camera", null); return; }
    const { track, wrong } = await devices.ask("camera", this.check.chosen.camera);
    if (track) { $("saved").hidden = true; await this.visit.send("camera", track); } else { announce(say(`camera_is_${wrong}`)); this.wrongDevice(wrong); }
  }

  wrongDevice(wrong) {
    $("wrong").hidden = false;
    $("wrong-words").textContent = say(wrong === "denied" || wrong === "insecure" ? `help_${wrong}` : `help_camera_${wrong}`);
  }

  async toggleScreen() {
    const { mesh } = this.visit;
    if (mesh.screen) { mesh.unshare(); return; }
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 10 } }, audio: false });
      stream.getVideoTracks()[0].onended = () => mesh.unshare();
      mesh.share(stream);
    } catch {
      // Chosen nothing: nothing is shared.
    }
  }

  askToLeave() {
    $("leaving").showModal();
  }

  // --- after -----------------------------------------------------------------------------------------------------------------

  over(why) {
    clearInterval(this.ticking);
    this.panel?.close();
    this.stage?.close();
    if (why !== "left") keep({ participant: undefined });
    for (const kind of ["camera", "microphone"]) this.check.drop(kind);
    $("leaving").close();
    $("over-title").textContent = say(`over_${why}`);
    $("over-words").textContent = say(`over_${why}_words`);
    $("again").hidden = !["left", "unreachable", "replaced"].includes(why);
    const record = $("record");
    record.hidden = !this.isHost;
    if (this.isHost) record.href = `/console/video/${this.visit.sessionId}`;
    scene("over");
  }
}

new Page().start();
