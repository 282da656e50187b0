// What is seen of everybody: their tiles, ours, shared screens; who speaks; how well the line goes.
import { say } from "./words.js";

const LISTENING = 200;

export class Stage {
  constructor(box, mesh, name) {
    this.box = box;
    this.mesh = mesh;
    this.name = name;
    this.speaker = "";
    this.tiles = new Map();
    this.saving = false;
    this.timer = setInterval(() => this.listen(), LISTENING);
  }

  /** Draws everything anew from what is so. */
  draw() {
    const wanted = new Map();
    for (const [id, peer] of this.mesh.peers) {
      const { state } = peer;
      const screen = state.screen ? peer.streams.get(state.screen) : null;
      const stream = [...peer.streams.values()].find((each) => each.id !== state.screen) ?? null;
      const name = peer.who.display_name || say("somebody");
      if (screen) wanted.set(`${id}-screen`, { stream: screen, name: say("screen_of", { name }), screen: true });
      wanted.set(id, { stream, name, camera: state.camera && Boolean(stream?.getVideoTracks().some((track) => !track.muted)), microphone: state.microphone, trouble: this.trouble(peer), speaker: this.speaker });
    }
    const { camera, microphone } = this.mesh.tracks;
    if (this.mesh.screen) wanted.set("my-screen", { stream: this.mesh.screen, name: say("your_screen"), screen: true, own: true });
    wanted.set("me", { stream: this.mesh.stream, name: say("you"), camera: Boolean(camera), microphone: Boolean(microphone?.enabled), own: true });
    for (const [key, tile] of this.tiles) if (!wanted.has(key)) { tile.remove(); this.tiles.delete(key); }
    for (const [key, what] of wanted) {
      let tile = this.tiles.get(key);
      if (!tile) {
        tile = document.createElement("video-tile");
        tile.dataset.who = key;
        this.tiles.set(key, tile);
      }
      if (!tile.isConnected) this.box.append(tile);
      tile.show(what);
    }
    const others = [...wanted.keys()].filter((key) => key !== "me");
    this.box.dataset.count = String(others.length);
    this.box.classList.toggle("with-screen", [...wanted.values()].some((each) => each.screen));
    this.box.querySelector(".alone").hidden = this.mesh.peers.size > 0;
  }

  trouble(peer) {
    if (peer.connected) return "";
    return peer.connectedOnce ? say("reconnecting") : say("connecting");
  }

  listen() {
    for (const [id, peer] of this.mesh.peers) {
      const receiver = peer.line.getReceivers().find((each) => each.track.kind === "audio");
      this.tiles.get(id)?.hear(receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0);
    }
  }

  close() {
    clearInterval(this.timer);
    this.tiles.forEach((tile) => tile.remove());
    this.tiles.clear();
  }
}
