// <video-tile>: one picture with a name, a sign when the microphone is off, and words when there is no picture or no connection.
import { say } from "./words.js";

export class VideoTile extends HTMLElement {
  connectedCallback() {
    if (this.video) return;
    this.video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true });
    this.face = Object.assign(document.createElement("span"), { className: "face", ariaHidden: "true" });
    this.label = Object.assign(document.createElement("span"), { className: "name" });
    this.trouble = Object.assign(document.createElement("span"), { className: "trouble", hidden: true });
    this.append(this.video, this.face, this.label, this.trouble);
  }

  /** Shows a stream under a name. `own`: mirrored and silent; `trouble`: words over the picture. */
  show({ stream, name, camera = true, microphone = true, own = false, screen = false, trouble = "", speaker = "" }) {
    this.connectedCallback();
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
    this.video.muted = own;
    if (stream && this.video.paused) this.video.play().catch(() => { this.dataset.silent = "1"; });
    if (speaker && this.video.setSinkId && this.video.sinkId !== speaker) this.video.setSinkId(speaker).catch(() => {});
    this.classList.toggle("own", own && !screen);
    this.classList.toggle("screen", screen);
    this.classList.toggle("dark", !camera);
    this.face.textContent = name.split(/\s+/).map((word) => word[0] ?? "").slice(0, 2).join("").toUpperCase();
    const words = microphone || screen ? name : `${name} · ${say("microphone_off")}`;
    if (this.label.textContent !== words) this.label.textContent = words;
    this.video.setAttribute("aria-label", name);
    this.trouble.hidden = !trouble;
    if (this.trouble.textContent !== trouble) this.trouble.textContent = trouble;
  }

  /** How loud they are, 0..1: a ring around who speaks. */
  hear(level) {
    this.classList.toggle("speaking", level > 0.02);
  }
}

customElements.define("video-tile", VideoTile);
