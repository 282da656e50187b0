// Camera, microphone, speaker and network: what is there, what is in its way, said in plain words.

const WRONG = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing", NotReadableError: "busy", AbortError: "busy" };
const GATHERING = 5000;

/** Asks for one device; { track } or { wrong: "denied" | "missing" | "busy" | "insecure" }. */
export async function ask(kind, id = "") {
  if (!navigator.mediaDevices?.getUserMedia) return { wrong: "insecure" };
  const device = id ? { deviceId: { exact: id } } : {};
  const wanted = kind === "camera"
    ? { video: { ...device, width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24 }, facingMode: "user" } }
    : { audio: { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
  try {
    const [track] = (await navigator.mediaDevices.getUserMedia(wanted)).getTracks();
    return { track };
  } catch (error) {
    return { wrong: WRONG[error.name] ?? "busy" };
  }
}

/** The devices of one kind ("videoinput", "audioinput", "audiooutput"). */
export const list = async (kind) =>
  ((await navigator.mediaDevices?.enumerateDevices?.()) ?? []).filter((each) => each.kind === kind && each.deviceId);

/** Whether the browser lets the page choose where sound goes. */
export const canChooseSpeaker = "setSinkId" in HTMLMediaElement.prototype;

/** Calls `show(level 0..1)` about ten times a second with how loud a track is; returns what stops it. */
export function meter(track, show) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    if (context.state === "suspended") context.resume();
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
    show(Math.min(1, Math.sqrt(power) * 6));
  }, 100);
  return () => { clearInterval(timer); context.close(); };
}

/** Plays two soft tones on the chosen speaker. */
export async function chime(speaker = "") {
  const context = new AudioContext();
  if (speaker && context.setSinkId) await context.setSinkId(speaker).catch(() => {});
  const volume = context.createGain();
  volume.gain.value = 0.2;
  volume.connect(context.destination);
  [523.25, 659.25].forEach((pitch, index) => {
    const tone = context.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(volume);
    tone.start(context.currentTime + index * 0.35);
    tone.stop(context.currentTime + index * 0.35 + 0.3);
  });
  setTimeout(() => context.close(), 1500);
}

/** How the network lets us through: "relay" (also in the worst case), "direct" (not through the relay), "blocked", or "untested" without servers. */
export async function network(servers) {
  if (!servers.length) return "untested";
  const line = new RTCPeerConnection({ iceServers: servers });
  const kinds = new Set();
  try {
    line.createDataChannel("try");
    await new Promise((done, failed) => {
      setTimeout(done, GATHERING);
      line.onicegatheringstatechange = () => { if (line.iceGatheringState === "complete") done(); };
      line.onicecandidate = ({ candidate }) => {
        if (candidate?.type) kinds.add(candidate.type);
        if (candidate?.type === "relay") done();
      };
      line.createOffer().then((offer) => line.setLocalDescription(offer)).catch(failed);
    });
  } finally {
    line.close();
  }
  if (kinds.has("relay")) return "relay";
  return kinds.size ? "direct" : "blocked";
}
