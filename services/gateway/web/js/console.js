// What the pages do beyond links and forms: keys, live data, drafts. Everything works without it, only slower.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const typing = (element) => element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

// --- keys -----------------------------------------------------------------------------------------------------------
// An element with data-key is pressed by that key: inside the focused (else the current) row when it is in one, else anywhere.
const rows = () => $$("[data-row]");
const currentRow = () => document.activeElement.closest?.("[data-row]") ?? $("[data-row].current") ?? null;

function focusRow(row) {
  if (!row) return;
  rows().forEach((each) => each.classList.toggle("current", each === row));
  (row.matches("[tabindex]") ? row : $("a, button", row) ?? row).focus({ preventScroll: false });
}

function step(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(currentRow());
  focusRow(all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))]);
  return true;
}

function press(key) {
  const row = currentRow();
  const wanted = `[data-key="${CSS.escape(key)}"]`;
  const target = (row && $(wanted, row)) ?? $$(wanted).find((each) => !each.closest("[data-row]"));
  if (!target || target.disabled) return false;
  if (target.matches("input, select, textarea")) { target.focus(); target.select?.(); } else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const release = $('[data-key="ctrl-enter"]');
    if (release) { event.preventDefault(); release.click(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    $$("details[open].menu").forEach((menu) => menu.removeAttribute("open"));
    const found = $("#found");
    if (found) found.replaceChildren();
    if (typing(document.activeElement)) document.activeElement.blur();
    return;
  }
  const inFind = document.activeElement?.id === "find";
  if (inFind && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const links = $$("#found a");
    if (links.length) { event.preventDefault(); links[event.key === "ArrowDown" ? 0 : links.length - 1].focus(); }
    return;
  }
  if (document.activeElement?.closest?.("#found") && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    const links = $$("#found a"), at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
    (links[at] ?? $("#find")).focus();
    return;
  }
  if (typing(document.activeElement) || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  let done = false;
  if (key === "enter" && document.activeElement?.matches("a, button, summary, [role=button]")) return;
  if (key === "/") { $("#find")?.focus(); $("#find")?.select(); done = true; }
  else if (key === "?") { $("#keys")?.showModal(); done = true; }
  else if (key === "j" || event.key === "ArrowDown") done = step(1) || press("j");
  else if (key === "k" || event.key === "ArrowUp") done = step(-1) || press("k");
  else done = press(key);
  if (done) event.preventDefault();
});

document.addEventListener("click", (event) => {
  $$("details[open].menu").forEach((menu) => { if (!menu.contains(event.target)) menu.removeAttribute("open"); });
  const found = $("#found");
  if (found && !event.target.closest?.(".find")) found.replaceChildren();
  const opener = event.target.closest?.("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest?.("[data-print]")) window.print();
  const code = event.target.closest?.("[data-put]");
  if (code) putCode(code);
});

// A favourite is put into the first empty input of its kind.
function putCode(button) {
  const free = $$(`input[name$="${button.dataset.put}"], input[data-takes="${button.dataset.put}"]`).find((input) => !input.value);
  if (free) { free.value = button.dataset.value; free.dispatchEvent(new Event("input", { bubbles: true })); free.focus(); }
}

// --- the board's place survives a refresh ----------------------------------------------------------------------------
let place = null;
// A refresh waits while a menu is open, and until what was refused has been read.
const READ_MS = 8000;
const held = () => {
  const said = $("#board [role=alert]");
  if (said) said.dataset.since ??= Date.now();
  return Boolean($("details.more[open]")) || Boolean(said && Date.now() - said.dataset.since < READ_MS);
};
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig.verb === "get" && event.detail.target.id === "board" && held()) {
    event.detail.shouldSwap = false;
    setTimeout(() => document.body.dispatchEvent(new CustomEvent("changed")), 1500);
    return;
  }
  place = currentRow()?.id ?? null;
});
document.addEventListener("htmx:afterSettle", () => {
  if (place && document.activeElement === document.body) focusRow(document.getElementById(place));
  place = null;
  fade();
  tidy();
});

// --- live data --------------------------------------------------------------------------------------------------------
// The stream says only that something changed; the page reads it again with its own rights, at most twice a second.
function follow(element) {
  const show = (state) => $$(".live").forEach((each) => { each.dataset.state = state; });
  let source = null, waiting = null, lost = null;
  const refresh = () => {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = null;
      if (held()) refresh();
      else document.body.dispatchEvent(new CustomEvent("changed"));
    }, 400);
  };
  const open = () => {
    source = new EventSource(element.dataset.stream);
    source.onopen = () => { clearTimeout(lost); lost = null; show("on"); };
    source.addEventListener("reset", refresh);
    source.addEventListener("change", refresh);
    source.onerror = () => {
      lost ??= setTimeout(() => show("off"), 4000);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 5000);
    };
  };
  show("wait");
  open();
  addEventListener("pagehide", () => source?.close());
}

// --- forms: sent once, and what was typed survives the end of a session ------------------------------------------------
const draftKey = (form) => `draft:${document.body.dataset.user}:${form.dataset.draft}`;
const kept = (input) => input.name && !["hidden", "password", "submit"].includes(input.type) && !input.dataset.secret;

function keepDraft(form) {
  const values = [...form.elements].filter(kept).map((input) => [input.name, input.type === "checkbox" || input.type === "radio" ? input.checked : input.value, input.value]);
  sessionStorage.setItem(draftKey(form), JSON.stringify(values));
}

function restoreDraft(form) {
  const raw = sessionStorage.getItem(draftKey(form));
  if (!raw || form.dataset.refused) return;
  let count = 0;
  for (const [name, value, choice] of JSON.parse(raw)) {
    for (const input of form.elements) {
      if (input.name !== name || !kept(input)) continue;
      if (input.type === "checkbox" || input.type === "radio") { if (input.value === choice && input.checked !== value) { input.checked = value; count += 1; } }
      else if (input.value !== value) { input.value = value; count += 1; }
    }
  }
  if (count) form.querySelector("[data-restored]")?.removeAttribute("hidden");
}

document.addEventListener("input", (event) => { const form = event.target.closest?.("form[data-draft]"); if (form) keepDraft(form); });
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.classList.contains("sending")) { event.preventDefault(); return; }
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  if (!form.hasAttribute("hx-post")) form.classList.add("sending");
});
addEventListener("pageshow", () => $$("form.sending").forEach((form) => form.classList.remove("sending")));
const done = () => {
  if (document.body.dataset.done) Object.keys(sessionStorage).filter((key) => key.startsWith("draft:")).forEach((key) => sessionStorage.removeItem(key));
};

// Nobody finds on a shared workstation what somebody else had begun.
if (document.body.dataset.user) {
  Object.keys(sessionStorage).filter((key) => key.startsWith("draft:") && key.split(":")[1] !== document.body.dataset.user).forEach((key) => sessionStorage.removeItem(key));
}

// --- small things -------------------------------------------------------------------------------------------------------
function fade() {
  const told = $(".flash");
  if (told) setTimeout(() => told.remove(), 12000);
}

// What scrolls sideways in this window can be scrolled by keys.
function scrolledByKeys() {
  $$(".scroll").forEach((each) => { if (each.scrollWidth > each.clientWidth) each.tabIndex = 0; });
}
addEventListener("resize", scrolledByKeys);

function tidy() {
  $$("[data-zone]").forEach((element) => {
    // The location's zone is said where it is not the reader's own.
    element.hidden = element.dataset.zone === Intl.DateTimeFormat().resolvedOptions().timeZone;
  });
  // The section one is in is in sight, however narrow the window.
  $$(".tabs [aria-current], .side [aria-current]").forEach((each) => { each.parentElement.scrollLeft = each.offsetLeft - each.parentElement.clientWidth / 2 + each.clientWidth / 2; });
  // On a phone a line of a table is a card: each value says which column it is of.
  $$(".card-table").forEach((table) => {
    const heads = $$("thead th:not(.phone-only)", table).map((each) => ($(".only-read", each) ? "" : ($("a", each)?.firstChild ?? each).textContent.trim()));
    $$("tbody tr", table).forEach((line) => [...line.cells].forEach((cell, n) => { if (n && heads[n] && !cell.querySelector("button, .button, input") && cell.textContent.trim()) cell.dataset.label = heads[n]; }));
  });
  scrolledByKeys();
  $$("[data-until]").forEach((element) => {
    if (element.dataset.ticking) return;
    element.dataset.ticking = "1";
    const tick = () => {
      const left = Math.max(0, Math.round((new Date(element.dataset.until) - Date.now()) / 1000));
      element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left && element.isConnected) setTimeout(tick, 1000);
    };
    tick();
  });
}

document.addEventListener("change", (event) => { if (event.target.matches?.("[data-go]")) event.target.form.requestSubmit(); });
done();
$$("form[data-draft]").forEach(restoreDraft);
const stream = $("[data-stream]");
if (stream) follow(stream);
tidy();
const wrong = $("[aria-invalid=true]") ?? $("[data-focus]");
if (wrong) { wrong.focus(); wrong.select?.(); }
else if ($("[data-row][data-first]")) focusRow($("[data-row][data-first]"));
fade();
