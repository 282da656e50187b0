// One stay in the room, from joining to leaving: presence, signals, connections, and what happens when any of them breaks.
import * as api from "./api.js";
import { Mesh } from "./mesh.js";
import { compare, look, shouldSaveSound, verdict } from "./quality.js";
import { Signals } from "./signals.js";

const LOOK = 2000;
const RETRY = 3000;
// What the service says when this stay is over, whoever ended it → the page's word for it.
const OVER = { SESSION_CLOSED: "ended", DENIED_ENTRY: "denied", JOINED_ELSEWHERE: "replaced", UNAUTHENTICATED: "expired", JOIN_WINDOW: "ended" };

export class Visit {
  /** `on`: { waiting(room), inside(), room(room), changed(), chat, people(), over(why), cloud(reached), saved() }. */
  constructor(joined, tracks, { relayOnly, on }) {
    this.on = on;
    this.token = joined.participant_token;
    this.me = joined.participant;
    this.sessionId = joined.session_id;
    this.pause = joined.heartbeat_seconds * 1000;
    this.room = joined.room;
    this.finished = false;
    this.inside = false;
    this.names = new Map();
    this.looks = new Map();
    this.verdicts = new Map();
    this.restartedAt = [];
    this.mesh = new Mesh({
      me: this.me.participant_id,
      configuration: { iceServers: joined.ice_servers ?? [], iceTransportPolicy: relayOnly ? "relay" : "all" },
      signal: (to, kind, payload) => api.signal(this.token, to, kind, payload),
      changed: () => this.on.changed(),
      chat: (peer, message) => this.on.chat(peer, message),
      arrived: (peer) => this.on.arrived(peer),
      gone: (peer) => { this.looks.delete(peer.end); this.on.gone(peer); },
    });
    this.mesh.known = (id) => this.names.get(id);
    this.ready = Promise.all([this.mesh.send("microphone", tracks.microphone), this.mesh.send("camera", tracks.camera)]);
    this.signals = new Signals(this.sessionId, this.token, {
      hear: (signal) => this.hear(signal),
      show: (open) => this.streamed(open),
      refused: (problem) => this.refused(problem),
    });
    this.first = joined;
  }

  get media() { return this.mesh.tracks.camera ? "MEDIA_VIDEO" : "MEDIA_AUDIO"; }

  async begin() {
    await this.ready;
    this.signals.run();
    this.looking = setInterval(() => this.look(), LOOK);
    this.take({ participant: this.first.participant, others: this.first.others, room: this.room });
  }

  // --- presence ------------------------------------------------------------------------------------------------------------

  /** Says "I am here" now, and again after the pause; what comes back says who else is. */
  beat() {
    clearTimeout(this.timer);
    if (this.finished) return;
    this.turn = (this.turn ?? 0) + 1;
    this.beating = this.once(this.turn);
  }

  async once(turn) {
    let pause = this.pause;
    try {
      const answer = await api.heartbeat(this.token, this.media);
      this.on.cloud(true);
      this.take(answer);
    } catch (problem) {
      if (problem.status && problem.status < 500 && problem.status !== 429) { this.refused(problem); return; }
      this.on.cloud(false);
      pause = RETRY;
    }
    // Another one may have begun meanwhile; only the last one goes on.
    if (turn === this.turn && !this.finished) this.timer = setTimeout(() => this.beat(), pause);
  }

  take({ participant, others = [], room }) {
    if (this.finished) return;
    this.room = room;
    others.forEach((who) => this.names.set(who.participant_id, who));
    const inside = participant.state === "PARTICIPANT_STATE_ADMITTED";
    const entered = inside && !this.inside;
    this.inside = inside;
    if (inside) {
      if (entered) this.on.inside();
      // Only with its own stream open is a newcomer's offer sure to be answered.
      if (this.streaming) { this.mesh.sync(others, !this.synced); this.synced = true; }
      this.on.room(room);
    } else {
      this.synced = false;
      this.mesh.clear();
      this.on.waiting(room);
    }
  }

  // --- signals -------------------------------------------------------------------------------------------------------------

  streamed(open) {
    this.streaming = open;
    // Whatever was said while nobody listened: the answer to a heartbeat covers it.
    if (open) this.beat();
  }

  hear({ kind, from, from_role: role, payload }) {
    if (kind === "ended") { this.finish("ended"); return; }
    if (kind === "denied") { this.finish("denied"); return; }
    if (kind === "replaced") { this.finish("replaced"); return; }
    if (kind === "participant") {
      if (payload === "denied") this.mesh.part(from);
      this.on.people();
    }
    if (kind === "admitted" || kind === "message" || kind === "participant") { this.beat(); return; }
    if (this.inside) this.mesh.take(from, role, payload);
  }

  refused(problem) {
    this.finish(OVER[problem.reason] ?? "ended");
  }

  // --- how well it goes ------------------------------------------------------------------------------------------------------

  async look() {
    for (const peer of this.mesh.peers.values()) {
      if (peer.closed) continue;
      if (peer.restarts > (peer.seenRestarts ?? 0)) { peer.seenRestarts = peer.restarts; if (peer.connectedOnce) this.restartedAt.push(Date.now()); }
      const now = await look(peer.line).catch(() => null);
      if (!now) continue;
      const told = compare(this.looks.get(peer.end), now);
      this.looks.set(peer.end, now);
      peer.quality = { ...told, verdict: peer.connected ? verdict(told) : "bad" };
      const all = [...(this.verdicts.get(peer.end) ?? []), peer.connected ? peer.quality.verdict : "good"].slice(-5);
      this.verdicts.set(peer.end, all);
      if (this.mesh.tracks.camera && shouldSaveSound(all, this.restartedAt, Date.now())) await this.saveSound();
    }
    this.on.changed();
  }

  /** Gives up the picture so that the sound holds. */
  async saveSound() {
    this.restartedAt = [];
    this.verdicts.clear();
    await this.send("camera", null);
    this.on.saved();
  }

  // --- what the person does --------------------------------------------------------------------------------------------------

  /** Sends another track; with or without a picture is part of the record, so the room is told at once. */
  async send(name, track) {
    await this.mesh.send(name, track);
    if (name === "camera") this.beat();
  }

  mute(muted) {
    const { microphone } = this.mesh.tracks;
    if (microphone) microphone.enabled = !muted;
    this.mesh.tellState();
  }

  /** Goes out by the person's own wish. */
  async leave() {
    this.stop();
    // A heartbeat that is on its way would bring us back in.
    await this.beating;
    await api.leave(this.token).catch(() => {});
    this.on.over("left");
  }

  /** The page is closed or left: the record should not wait for a silence. */
  vanish() {
    if (this.finished) return;
    this.stop();
    api.leave(this.token).catch(() => {});
  }

  finish(why) {
    if (this.finished) return;
    this.stop();
    this.on.over(why);
  }

  stop() {
    this.finished = true;
    clearTimeout(this.timer);
    clearInterval(this.looking);
    this.signals.stop();
    this.mesh.close();
  }
}
