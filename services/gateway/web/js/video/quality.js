// How well the call goes, from the browser's own statistics; decides when sound must be saved by giving up the picture.

const LOSS = { weak: 0.04, bad: 0.1 };
const DELAY = { weak: 0.4, bad: 0.9 };

/** What two looks at a connection tell: { loss (0..1), delay (s), received (bytes), relayed }. */
export function compare(before, now) {
  const received = now.bytes - (before?.bytes ?? 0);
  const arrived = now.packets - (before?.packets ?? 0);
  const lost = Math.max(0, now.lost - (before?.lost ?? 0));
  const inbound = arrived + lost > 0 ? lost / (arrived + lost) : 0;
  return { loss: Math.max(inbound, now.theirLoss), delay: now.delay, received, relayed: now.relayed };
}

/** "good", "weak" or "bad". */
export function verdict({ loss, delay }) {
  if (loss >= LOSS.bad || delay >= DELAY.bad) return "bad";
  return loss >= LOSS.weak || delay >= DELAY.weak ? "weak" : "good";
}

/** Whether the picture should be given up for the sound: bad three looks in a row, or two restarts within a minute. */
export function shouldSaveSound(verdicts, restartedAt, now) {
  const recent = restartedAt.filter((at) => now - at < 60_000);
  return (verdicts.length >= 3 && verdicts.slice(-3).every((each) => each === "bad")) || recent.length >= 2;
}

/** One look at a connection. */
export async function look(line) {
  const found = { bytes: 0, packets: 0, lost: 0, theirLoss: 0, delay: 0, relayed: false };
  const report = await line.getStats();
  for (const each of report.values()) {
    if (each.type === "inbound-rtp") {
      found.bytes += each.bytesReceived ?? 0;
      found.packets += each.packetsReceived ?? 0;
      found.lost += each.packetsLost ?? 0;
    } else if (each.type === "remote-inbound-rtp") {
      found.theirLoss = Math.max(found.theirLoss, each.fractionLost ?? 0);
    } else if (each.type === "transport" && each.selectedCandidatePairId) {
      const pair = report.get(each.selectedCandidatePairId);
      found.delay = pair?.currentRoundTripTime ?? 0;
      found.relayed = [pair?.localCandidateId, pair?.remoteCandidateId].some((id) => report.get(id)?.candidateType === "relay");
    }
  }
  return found;
}
