// One connection to one other participant: perfect negotiation (W3C WebRTC §10.7), ICE restarts, a channel for chat and states.

// How long a connection may be disconnected before it is restarted, and how often it is tried again.
const PATIENCE = 2000;
const AGAIN = 6000;
const BATCH = 40;

/**
 * `send(kind, payload)` takes a signal to the other; `changed(peer)` is called when anything that can be seen has changed,
 * `told(peer, message)` with what came over the channel, `left()` when the other has hung up. `polite` gives way when both offer at once: one of the two is.
 */
export class Peer {
  constructor({ who, polite, configuration, send, changed, told, left }) {
    this.who = who;
    this.polite = polite;
    this.send = send;
    this.changed = changed;
    this.told = told;
    this.left = left;
    // A page that was loaded again is another end of the line: each end has a name of its own.
    this.end = crypto.randomUUID();
    this.theirs = null;
    this.state = { microphone: true, camera: true, screen: null };
    this.streams = new Map();
    this.senders = new Map();
    this.restarts = 0;
    this.connectedOnce = false;
    this.closed = false;
    this.offering = false;
    this.ignoring = false;
    this.unsent = [];
    this.outgoing = Promise.resolve();
    this.incoming = Promise.resolve();
    this.open(configuration);
  }

  open(configuration) {
    const line = new RTCPeerConnection({ ...configuration, bundlePolicy: "max-bundle" });
    this.line = line;
    line.onnegotiationneeded = () => this.offer();
    line.onicecandidate = ({ candidate }) => { if (candidate) this.gather(candidate); };
    line.ontrack = ({ track, streams: [stream] }) => {
      if (!stream) return;
      this.streams.set(stream.id, stream);
      stream.onremovetrack = () => { if (!stream.getTracks().length) this.streams.delete(stream.id); this.changed(this); };
      track.onunmute = track.onmute = () => this.changed(this);
      this.changed(this);
    };
    line.onconnectionstatechange = () => this.follow();
    line.oniceconnectionstatechange = () => this.follow();
    this.channel = line.createDataChannel("room", { negotiated: true, id: 0 });
    this.channel.onopen = () => { this.unsent.splice(0).forEach((message) => this.channel.send(message)); };
    this.channel.onclose = () => { if (!this.closed) this.left(); };
    this.channel.onmessage = ({ data }) => this.listen(data);
    this.watch = setInterval(() => this.tryAgain(), AGAIN);
  }

  get connected() { return this.line.connectionState === "connected"; }

  /** Sends a track, replaces what is sent under that name, or (null) stops sending it. */
  async carry(name, track, stream) {
    const sender = this.senders.get(name);
    if (sender) {
      await sender.replaceTrack(track);
      return;
    }
    if (track) this.senders.set(name, this.line.addTrack(track, stream));
  }

  /** Stops sending a track for good: the other side's picture goes. */
  drop(name) {
    const sender = this.senders.get(name);
    if (sender) this.line.removeTrack(sender);
    this.senders.delete(name);
  }

  /** Says something over the channel; what is said before it is open waits. */
  say(message) {
    const text = JSON.stringify(message);
    if (this.channel.readyState === "open") this.channel.send(text);
    else this.unsent.push(text);
  }

  listen(data) {
    const message = JSON.parse(data);
    if (message.type === "state") { this.state = message; this.changed(this); }
    else this.told(this, message);
  }

  // --- negotiation -----------------------------------------------------------------------------------------------------

  async offer() {
    try {
      this.offering = true;
      await this.line.setLocalDescription();
      this.describe();
    } catch (error) {
      if (!this.closed) console.warn("offer", error);
    } finally {
      this.offering = false;
    }
  }

  describe() {
    const { type, sdp } = this.line.localDescription;
    this.post(type, { description: { type, sdp } });
  }

  gather(candidate) {
    this.candidates ??= [];
    this.candidates.push(candidate.toJSON());
    this.batch ??= setTimeout(() => {
      this.batch = null;
      this.post("candidate", { candidates: this.candidates.splice(0) });
    }, BATCH);
  }

  post(kind, content) {
    const payload = JSON.stringify({ end: this.end, to: this.theirs, ...content });
    // One after the other: an answer that overtakes its candidates would lose them. What is lost is tried again.
    this.outgoing = this.outgoing.then(() => (this.closed ? null : this.send(kind, payload).catch(() => {})));
  }

  /** Takes a signal's content from the other end. */
  take(content) {
    this.theirs = content.end;
    this.incoming = this.incoming.then(() => this.apply(content)).catch((error) => { if (!this.closed) console.warn("signal", error); });
  }

  async apply({ description, candidates = [] }) {
    const line = this.line;
    if (description) {
      const collision = description.type === "offer" && (this.offering || line.signalingState !== "stable");
      this.ignoring = !this.polite && collision;
      if (this.ignoring) return;
      if (description.type === "answer" && line.signalingState !== "have-local-offer") return;
      await line.setRemoteDescription(description);
      if (description.type === "offer") {
        await line.setLocalDescription();
        this.describe();
      }
    }
    for (const candidate of candidates) {
      try {
        await line.addIceCandidate(candidate);
      } catch (error) {
        if (!this.ignoring) throw error;
      }
    }
  }

  // --- trouble -----------------------------------------------------------------------------------------------------------

  follow() {
    if (this.closed) return;
    if (this.connected) { this.connectedOnce = true; this.lost = null; clearTimeout(this.doubt); this.doubt = null; }
    else if (this.line.iceConnectionState === "failed") this.restart();
    else if (this.line.iceConnectionState === "disconnected") this.doubt ??= setTimeout(() => { this.doubt = null; if (!this.connected) this.restart(); }, PATIENCE);
    if (!this.connected && this.connectedOnce) this.lost ??= Date.now();
    this.changed(this);
  }

  restart() {
    this.restarts += 1;
    this.changed(this);
    this.line.restartIce();
  }

  /** While there is no connection: offers again, in case the offer, the answer or a candidate was lost on the way. */
  tryAgain() {
    if (this.closed || this.connected) return;
    if (this.line.signalingState === "have-local-offer") this.describe();
    else if (this.line.signalingState === "stable") this.restart();
  }

  close() {
    this.closed = true;
    clearInterval(this.watch);
    clearTimeout(this.doubt);
    clearTimeout(this.batch);
    this.line.close();
  }
}
