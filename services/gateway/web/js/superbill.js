// The superbill without a mouse: a digit picks a code that is at hand, Enter goes on to the next box. Only typing is saved here:
// which codes fit, and what they mean, is said by the service when they are saved.
const form = document.querySelector("form[data-entry]");
const diagnoses = () => [...form.querySelectorAll('[data-takes="diagnoses"]')];
const lines = () => [...form.querySelectorAll("[data-line]")];
const cell = (line, name) => line.querySelector(`[data-cell="${name}"]`);
const CELLS = ["procedure", "modifiers", "units", "pointers"];
const empty = (input) => !input.value.trim();
const free_line = () => lines().find((line) => empty(cell(line, "procedure")));
const go = (input) => { input?.focus(); input?.select?.(); };
// The draft hears of it; the search for codes does not.
const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));

// What nearly every line says; both stay as they are typed over.
function complete(line) {
  if (empty(cell(line, "procedure"))) return;
  if (empty(cell(line, "units"))) cell(line, "units").value = "1";
  if (empty(cell(line, "pointers")) && diagnoses().some((each) => !empty(each))) cell(line, "pointers").value = "1";
}

function pick(button) {
  const { code, modifiers, units } = button.dataset;
  const same = (input) => input.value.trim().toUpperCase() === code;
  if (button.dataset.pick === "diagnosis") {
    const there = diagnoses().find(same);
    const free = there ?? diagnoses().find(empty);
    if (!free) return;
    free.value = code;
    changed();
    go(there ?? diagnoses().find(empty) ?? free);
    return;
  }
  const there = lines().find((line) => same(cell(line, "procedure")));
  const line = there ?? free_line();
  if (!line) return;
  if (!there) {
    cell(line, "procedure").value = code;
    cell(line, "modifiers").value = modifiers;
    cell(line, "units").value = units;
    complete(line);
    changed();
  }
  go(cell(line, there ? "units" : "pointers"));
}

const at_hand = (kind, digit) => document.querySelector(`[data-pick="${kind}"][data-digit="${digit}"]`);

function next_of(input) {
  if (input.dataset.takes === "diagnoses") {
    const all = diagnoses(), line = free_line();
    return empty(input) || input === all.at(-1) ? line && cell(line, "procedure") : all[all.indexOf(input) + 1];
  }
  const line = input.closest("[data-line]"), name = input.dataset.cell;
  if (name === "procedure" && empty(input)) return form.querySelector('[data-key="ctrl-enter"]') ?? form.querySelector(".submit button");
  if (name !== CELLS.at(-1)) return cell(line, CELLS[CELLS.indexOf(name) + 1]);
  const after = lines()[lines().indexOf(line) + 1];
  return after ? cell(after, "procedure") : form.querySelector(".submit button");
}

document.addEventListener("click", (event) => { const button = event.target.closest?.("[data-pick]"); if (form && button) pick(button); });
document.addEventListener("keydown", (event) => {
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
  if (!form || !digit || !event.altKey || event.ctrlKey || event.metaKey) return;
  const button = at_hand("service", digit);
  if (button) { event.preventDefault(); pick(button); }
});
form?.addEventListener("keydown", (event) => {
  const input = event.target, plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!plain || !(input.dataset.cell || input.dataset.takes)) return;
  if (event.key === "Enter") { event.preventDefault(); if (input.dataset.cell) complete(input.closest("[data-line]")); go(next_of(input)); return; }
  if (input.dataset.takes === "diagnoses" && /^[1-9]$/.test(event.key) && empty(input)) {
    const button = at_hand("diagnosis", event.key);
    if (button) { event.preventDefault(); pick(button); }
  }
});
form?.addEventListener("change", (event) => { if (event.target.dataset.cell === "procedure") complete(event.target.closest("[data-line]")); });
