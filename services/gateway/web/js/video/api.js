// The gateway's API: what a participant's token may do, and what a signed-in host may do.

/** What the API answers when it refuses (RFC 9457); `status` 0: there was no answer. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail ?? "");
    this.status = status;
    this.reason = body.reason ?? "UNREACHABLE";
    this.violations = body.violations ?? [];
  }
}

const csrf = () => document.cookie.match(/(?:^|; )polyclinic_csrf=([^;]+)/)?.[1] ?? "";

async function send(path, body, { method = "POST", signedIn = false, keepalive = false } = {}) {
  let answer;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      keepalive,
      // A participant proves themselves by their token alone, whoever else is signed in to this browser.
      credentials: signedIn ? "same-origin" : "omit",
      headers: { "Content-Type": "application/json", ...(signedIn ? { "X-CSRF-Token": csrf() } : {}) },
      body: method === "GET" ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0);
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, told);
  return told;
}

async function patiently(ask, pauses = [1000, 3000]) {
  for (const pause of pauses) {
    try {
      return await ask();
    } catch (problem) {
      if (problem.status > 0 && problem.status < 500 && problem.status !== 429) throw problem;
      await new Promise((go) => setTimeout(go, pause));
    }
  }
  return ask();
}

/** What the holder of a join or participant token may know of the room: { room, ice_servers }. */
export const describe = (token) => send("/v1/telehealth/rooms:describe", { token });
// Coming in twice is coming in once: a busy or unreachable clinic is asked again before the person is told.
export const join = (arrival) => patiently(() => send("/v1/telehealth/sessions:join", arrival));
export const rejoin = (token, media) => patiently(() => send("/v1/telehealth/participants:rejoin", { participant_token: token, media }));
export const heartbeat = (token, media) => send("/v1/telehealth/participants:heartbeat", { participant_token: token, media });
export const signal = (token, to, kind, payload) =>
  send("/v1/telehealth/signals", { participant_token: token, to_participant_id: to, kind, payload });
/** Goes out; also while the page is being closed. */
export const leave = (token) => send("/v1/telehealth/participants:leave", { participant_token: token }, { keepalive: true });

/** What only whoever is signed in as a host may do, in one room. */
export function host(sessionId) {
  const room = `/v1/telehealth/sessions/${sessionId}`;
  const asked = { signedIn: true };
  return {
    session: () => send(room, null, { ...asked, method: "GET" }),
    admit: (participant) => send(`${room}/participants/${participant}:admit`, {}, asked),
    deny: (participant) => send(`${room}/participants/${participant}:deny`, {}, asked),
    tell: (message) => send(`${room}:tellWaiting`, { message }, asked),
    invite: (name) => send(`${room}/join-tokens`, { role: "ROLE_GUEST", display_name: name }, asked),
    end: () => send(`${room}:end`, {}, asked),
  };
}
