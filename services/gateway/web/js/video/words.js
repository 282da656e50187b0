// Texts in the reader's language, as the page carries them, and times in the visit's own zone.
const texts = JSON.parse(document.getElementById("texts").textContent);
const language = document.documentElement.lang;

/** A text by its key, its %(values)s filled in. */
export const say = (key, values = {}) => (texts[key] ?? key).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");

/** "2:30 PM EST": an instant in a zone. */
export const clock = (iso, zone) =>
  new Date(iso).toLocaleTimeString(`${language}-US`, { hour: "numeric", minute: "2-digit", timeZone: zone, timeZoneName: "short" });

/** "Monday, March 2, 2:30 PM EST". */
export const moment = (iso, zone) =>
  new Date(iso).toLocaleString(`${language}-US`, { weekday: "long", month: "long", day: "numeric", hour: "numeric", minute: "2-digit", timeZone: zone, timeZoneName: "short" });

/** "12:04": how long since an instant, in minutes and seconds. */
export function since(start, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - start) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
