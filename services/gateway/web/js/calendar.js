// Moving visits on the calendar. A dragged visit shows where it would go and what stands in the way before it is let go; M on a
// visit offers the same times as buttons. Which times are free is the service's word; the reasons are read from what is drawn.
const form = document.getElementById("move");
const said = document.getElementById("said");
const calendar = document.querySelector(".cal");
const top_row = Number(calendar?.dataset.top ?? 0);
let dragged = null;

// A free time that is chosen by its button.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.cal-free[form=move]");
  if (!button) return;
  event.preventDefault();
  const [who, start] = button.value.split(" ");
  send(who, start);
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.metaKey || event.altKey) return;
  const visit = document.activeElement?.closest?.("[data-move]");
  if (visit) { event.preventDefault(); location.assign(visit.dataset.move); }
});

function send(who, start) {
  for (const [name, value] of [["practitioner_id", who], ["start_time", start]]) {
    form.elements[name].disabled = false;
    form.elements[name].value = value;
  }
  form.requestSubmit();
}

const tell = (text, kind = "") => { said.hidden = !text; said.textContent = text; said.className = `notice ${kind}`; };
const words = (name, what) => said.dataset[name].replace("{what}", what);

addEventListener("dragstart", (event) => {
  const visit = event.target.closest?.("[data-visit]");
  if (!visit || !form) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", visit.dataset.what);
  const box = visit.getBoundingClientRect();
  dragged = { visit, rows: Number(visit.dataset.rows), grip: event.clientY - box.top, slots: null, place: null };
  const mine = dragged;
  fetch(`/console/visits/${visit.dataset.visit}/free?first=${calendar.dataset.first}&last=${calendar.dataset.last}`, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then((found) => { mine.slots = found.slots; show_free(mine); })
    .catch(() => tell(said.dataset.busy, "bad"));
  tell(said.dataset.wait);
});

function show_free(mine) {
  if (dragged !== mine) return;
  tell("");
  for (const [who, day, row] of mine.slots) {
    const lane = lane_of(who, day);
    if (!lane) continue;
    const mark = document.createElement("span");
    mark.className = "cal-may";
    mark.style.gridRow = `${row - top_row + 1} / span ${mine.rows}`;
    lane.append(mark);
  }
}

const lane_of = (who, day) => [...document.querySelectorAll(".cal-lane[data-day]")].find((lane) => lane.dataset.day === day && (!lane.dataset.who || lane.dataset.who === who));

function row_at(lane, y) {
  const hour = lane.querySelector(".cal-hour").getBoundingClientRect();
  return top_row + Math.round((y - lane.getBoundingClientRect().top) / (hour.height / 12));
}

// What would be at a row of a lane: a free time, or what stands in the way.
function place_at(lane, row) {
  const { visit, rows, slots } = dragged;
  if (!slots) return { ok: false, row, text: said.dataset.wait };
  const near = slots.filter(([who, day, at]) => lane === lane_of(who, day) && Math.abs(at - row) <= 1)
    .sort((one, other) => Math.abs(one[2] - row) - Math.abs(other[2] - row))[0];
  if (near) return { ok: true, row: near[2], who: near[0], start: near[3], text: words("to", near[4]) };
  const here = (selector) => [...lane.querySelectorAll(selector)].find((each) => each !== visit && Number(each.dataset.at) < row + rows && row < Number(each.dataset.at) + Number(each.dataset.rows));
  const taken = here(".cal-visit:not(.gone), .cal-offer");
  if (taken) return { ok: false, row, text: words("taken", taken.dataset.what) };
  const closed = here(".cal-closed");
  if (closed) return { ok: false, row, text: words("closed", closed.textContent) };
  if (!here(".cal-open")) return { ok: false, row, text: said.dataset.outside };
  return { ok: false, row, text: said.dataset.busy };
}

addEventListener("dragover", (event) => {
  const lane = dragged && event.target.closest?.(".cal-lane[data-day]");
  if (!lane) return;
  const place = place_at(lane, row_at(lane, event.clientY - dragged.grip));
  if (place.ok) { event.preventDefault(); event.dataTransfer.dropEffect = "move"; }
  if (dragged.place?.row === place.row && dragged.place?.lane === lane && dragged.place?.text === place.text) return;
  dragged.place = { ...place, lane };
  ghost(lane, place);
  tell(place.text, place.ok ? "good" : "warn");
});

function ghost(lane, place) {
  const box = document.querySelector(".cal-ghost") ?? Object.assign(document.createElement("span"), { className: "cal-ghost" });
  box.classList.toggle("wrong", !place.ok);
  box.textContent = place.text;
  box.style.gridRow = `${Math.max(0, place.row - top_row) + 1} / span ${dragged.rows}`;
  lane.append(box);
}

addEventListener("drop", (event) => {
  const place = dragged?.place;
  if (!place?.ok || !event.target.closest?.(".cal-lane")) return;
  event.preventDefault();
  form.action = `/console/visits/${dragged.visit.dataset.visit}/move`;
  form.elements.version.value = dragged.visit.dataset.version;
  send(place.who, place.start);
});

addEventListener("dragend", () => {
  document.querySelectorAll(".cal-ghost, .cal-may").forEach((each) => each.remove());
  if (dragged && !dragged.place?.ok) tell("");
  dragged = null;
});
