// Everybody in the room, each connected to each: what we send, whom we hear, what was said.
import { Peer } from "./peer.js";

// Who was in before lets a newcomer offer first, and offers only when nothing came.
const GRACE = 5000;
// Whom the clinic has not heard of for a while may be heard and seen all the same: their connection counts, for so long.
const KEPT = 60_000;

export class Mesh {
  /** `signal(to, kind, payload)` → promise; `changed()` on anything to be seen; `chat(peer, message)`; `arrived(peer)`, `gone(peer)`. */
  constructor({ me, configuration, signal, changed, chat, arrived, gone }) {
    Object.assign(this, { me, configuration, signal, changed, chat, arrived, gone });
    this.peers = new Map();
    this.waiting = new Map();
    this.stream = new MediaStream();
    this.tracks = { microphone: null, camera: null };
    this.screen = null;
  }

  /** Brings the connections in line with who is in. A newcomer (`first`) offers to all at once. */
  sync(others, first = false) {
    const there = new Map(others.map((who) => [who.participant_id, who]));
    for (const [id, peer] of this.peers) {
      if (there.has(id)) { peer.who = there.get(id); peer.missed = null; continue; }
      peer.missed ??= Date.now();
      if (!peer.connected || Date.now() - peer.missed > KEPT) this.part(id);
    }
    for (const [id, who] of there) {
      if (this.peers.has(id)) continue;
      if (first) { this.meet(who); continue; }
      const since = this.waiting.get(id) ?? Date.now();
      this.waiting.set(id, since);
      if (Date.now() - since >= GRACE) this.meet(who);
      else setTimeout(() => { if (this.waiting.has(id)) this.meet(who); }, GRACE);
    }
    for (const id of this.waiting.keys()) if (!there.has(id)) this.waiting.delete(id);
    this.changed();
  }

  meet(who) {
    const id = who.participant_id;
    this.waiting.delete(id);
    if (this.peers.has(id)) return this.peers.get(id);
    const peer = new Peer({
      who,
      polite: this.me > id,
      configuration: this.configuration,
      send: (kind, payload) => this.signal(id, kind, payload),
      changed: () => this.changed(),
      left: () => this.part(id),
      told: (from, message) => { if (message.type === "chat") this.chat(from, message); },
    });
    this.peers.set(id, peer);
    for (const [name, track] of Object.entries(this.tracks)) peer.carry(name, track, this.stream);
    if (this.screen) peer.carry("screen", this.screen.getVideoTracks()[0], this.screen);
    peer.say(this.state());
    this.arrived(peer);
    this.changed();
    return peer;
  }

  part(id) {
    const peer = this.peers.get(id);
    if (!peer) return;
    this.peers.delete(id);
    peer.close();
    this.gone(peer);
    this.changed();
  }

  /** A signal from another participant (known or not yet known by name). */
  take(from, role, payload) {
    const content = JSON.parse(payload);
    let peer = this.peers.get(from);
    if (content.to && (!peer || content.to !== peer.end)) return; // meant for an end that is no more
    if (peer?.theirs && peer.theirs !== content.end) { this.part(from); peer = null; }
    peer ??= this.meet(this.known?.(from) ?? { participant_id: from, role: `ROLE_${role.toUpperCase()}`, display_name: "" });
    peer.take(content);
  }

  // --- what we send ------------------------------------------------------------------------------------------------------

  /** Sends a microphone's or camera's track (null: nothing) to everybody. */
  async send(name, track) {
    const before = this.tracks[name];
    if (before && before !== track) { this.stream.removeTrack(before); before.stop(); }
    this.tracks[name] = track;
    if (track && !this.stream.getTracks().includes(track)) this.stream.addTrack(track);
    await Promise.all([...this.peers.values()].map((peer) => peer.carry(name, track, this.stream)));
    this.tellState();
  }

  share(stream) {
    this.screen = stream;
    const [track] = stream.getVideoTracks();
    this.peers.forEach((peer) => peer.carry("screen", track, stream));
    this.tellState();
  }

  unshare() {
    this.screen?.getTracks().forEach((track) => track.stop());
    this.screen = null;
    this.peers.forEach((peer) => peer.drop("screen"));
    this.tellState();
  }

  state() {
    const { microphone, camera } = this.tracks;
    return { type: "state", microphone: Boolean(microphone?.enabled), camera: Boolean(camera), screen: this.screen?.id ?? null };
  }

  tellState() {
    this.peers.forEach((peer) => peer.say(this.state()));
    this.changed();
  }

  say(text) {
    const message = { type: "chat", text, at: Date.now() };
    this.peers.forEach((peer) => peer.say(message));
    return message;
  }

  /** Hangs up on everybody. */
  clear() {
    [...this.peers.keys()].forEach((id) => this.part(id));
    this.waiting.clear();
  }

  close() {
    this.unshare();
    this.clear();
    this.stream.getTracks().forEach((track) => track.stop());
  }
}
