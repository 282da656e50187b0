// The stream of signals to one participant: server-sent events, read by fetch because they are asked for with a token.
import { Problem } from "./api.js";

const LONGEST_PAUSE = 8000;
// The gateway says something every 15 seconds; a stream that is silent for longer is dead, whatever the socket says.
const SILENCE = 40000;

/** Calls `hear(signal)` for each signal and `show(open)` when the stream opens or breaks; reconnects until stopped or refused. */
export class Signals {
  constructor(sessionId, token, { hear, show, refused }) {
    this.url = `/api/v1/telehealth/sessions/${sessionId}/signals`;
    this.token = token;
    this.hear = hear;
    this.show = show;
    this.refused = refused;
    this.stopped = false;
  }

  async run() {
    let pause = 500;
    while (!this.stopped) {
      this.abort = new AbortController();
      try {
        await this.listen(() => { pause = 500; });
      } catch (error) {
        if (error instanceof Problem && error.status > 0 && error.status < 500 && error.status !== 429) {
          this.refused(error);
          return;
        }
      }
      if (this.stopped) return;
      this.show(false);
      await new Promise((go) => setTimeout(go, pause * (0.75 + Math.random() / 2)));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  stop() {
    this.stopped = true;
    this.abort?.abort();
  }

  async listen(opened) {
    const answer = await fetch(this.url, {
      headers: { Authorization: `Bearer ${this.token}`, Accept: "text/event-stream" },
      credentials: "omit",
      signal: this.abort.signal,
    });
    if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
    opened();
    this.show(true);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", watch = null;
    try {
      for (;;) {
        clearTimeout(watch);
        watch = setTimeout(() => this.abort.abort(), SILENCE);
        const { value, done } = await reader.read();
        if (done) return;
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        parts.forEach((part) => this.take(part));
      }
    } finally {
      clearTimeout(watch);
    }
  }

  take(part) {
    const field = (name) => part.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    if (field("event") === "signal") this.hear(JSON.parse(field("data")));
  }
}
