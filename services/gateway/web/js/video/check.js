// Before coming in: picture, sound and network are tried, and what is wrong is said with what to do about it.
import * as devices from "./devices.js";
import { say } from "./words.js";

const $ = (id) => document.getElementById(id);
const KINDS = { camera: "videoinput", microphone: "audioinput", speaker: "audiooutput" };

export class Check {
  constructor() {
    this.tracks = { camera: null, microphone: null };
    this.chosen = { camera: "", microphone: "", speaker: "" };
    this.wanted = { camera: true, microphone: true };
  }

  /** Asks for both devices, one after the other, so that a missing camera does not cost the microphone. */
  async begin(servers) {
    for (const kind of ["microphone", "camera"]) {
      $(`choose-${kind}`).onchange = (event) => this.take(kind, event.target.value);
      $(`want-${kind}`).onclick = () => this.want(kind, !this.wanted[kind]);
      $(`retry-${kind}`).onclick = () => this.take(kind);
    }
    $("choose-speaker").onchange = (event) => { this.chosen.speaker = event.target.value; };
    $("chime").onclick = () => devices.chime(this.chosen.speaker);
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.fill());
    this.network(servers);
    await this.take("microphone");
    await this.take("camera");
  }

  async take(kind, id = "") {
    this.drop(kind);
    if (!this.wanted[kind]) return this.tell(kind, "off");
    const { track, wrong } = await devices.ask(kind, id);
    if (!track) return this.tell(kind, wrong);
    this.tracks[kind] = track;
    this.chosen[kind] = track.getSettings().deviceId ?? id;
    track.onended = () => { if (this.tracks[kind] === track) { this.tracks[kind] = null; this.tell(kind, "missing"); } };
    if (kind === "camera") $("preview").srcObject = new MediaStream([track]);
    else this.stopMeter = devices.meter(track, (level) => { $("level").value = level; });
    this.tell(kind, "good");
    await this.fill();
  }

  drop(kind) {
    this.tracks[kind]?.stop();
    this.tracks[kind] = null;
    if (kind === "camera") $("preview").srcObject = null;
    else { this.stopMeter?.(); this.stopMeter = null; $("level").value = 0; }
  }

  want(kind, on) {
    this.wanted[kind] = on;
    $(`want-${kind}`).dataset.on = String(on);
    const words = { camera: ["camera_start", "camera_stop"], microphone: ["unmute", "mute"] }[kind];
    $(`want-${kind}`).querySelector("span").textContent = say(words[Number(on)]);
    return this.take(kind, this.chosen[kind]);
  }

  /** Says how a device is: a sign, a word, and what helps. */
  tell(kind, state) {
    const line = $(`state-${kind}`);
    line.dataset.state = state;
    line.querySelector("[data-word]").textContent = say(`${kind}_is_${state}`);
    const help = $(`help-${kind}`);
    help.hidden = state === "good" || state === "off";
    if (!help.hidden) help.querySelector("[data-help]").textContent = say(state === "denied" || state === "insecure" ? `help_${state}` : `help_${kind}_${state}`);
    $("preview-words").hidden = Boolean(this.tracks.camera);
    $("preview-words").textContent = say(`camera_is_${this.tracks.camera ? "good" : state === "good" ? "off" : $("state-camera").dataset.state || "asking"}`);
  }

  async fill() {
    for (const [kind, sort] of Object.entries(KINDS)) {
      const found = await devices.list(sort);
      const select = $(`choose-${kind}`);
      select.replaceChildren(...found.map((each, index) => new Option(each.label || say(`${kind}_number`, { number: index + 1 }), each.deviceId, false, each.deviceId === this.chosen[kind])));
      select.closest("[data-device]").hidden = kind === "speaker" ? !devices.canChooseSpeaker || found.length < 2 : found.length < 2;
    }
  }

  async network(servers) {
    const line = $("state-network"), help = $("help-network");
    const found = await devices.network(servers).catch(() => "blocked");
    line.dataset.state = { relay: "good", direct: "weak", blocked: "denied", untested: "off" }[found];
    line.querySelector("[data-word]").textContent = say(`network_is_${found}`);
    help.hidden = found === "relay" || found === "untested";
    if (!help.hidden) help.querySelector("[data-help]").textContent = say(`help_network_${found}`);
  }

  /** Hands the tracks over to the call; the check keeps nothing running. */
  handOver() {
    this.stopMeter?.();
    this.stopMeter = null;
    $("preview").srcObject = null;
    const { camera, microphone } = this.tracks;
    return { camera, microphone, speaker: this.chosen.speaker };
  }
}
