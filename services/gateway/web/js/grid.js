// The payment grid: what is left of each line and of the payment while amounts are typed. Only arithmetic for the eye: whether it
// balances, and what it means, is said by the service when it is checked or posted.
const form = document.querySelector("form[data-grid]");
const locale = document.documentElement.lang;
const CELLS = ["paid", "contractual", "deductible", "coinsurance", "copay", "other"];
const money = (cents) => (cents / 100).toLocaleString(locale, { style: "currency", currency: "USD" });

function cents(text) {
  const plain = text.replace(/[$,\s]/g, "");
  return /^-?\d*\.?\d{0,2}$/.test(plain) && /\d/.test(plain) ? Math.round(Number(plain) * 100) : 0;
}

const lines = () => [...form.querySelectorAll("[data-line]")];
const cell = (line, name) => line.querySelector(`[data-cell="${name}"]`);
const left_of = (line) => Number(line.dataset.billed) - CELLS.reduce((sum, name) => sum + cents(cell(line, name).value), 0);

function put(selector, value, bad) {
  const place = form.querySelector(selector);
  if (!place) return;
  place.textContent = money(value);
  place.classList.toggle("bad", Boolean(bad));
  place.classList.toggle("good", bad === false);
}

function count() {
  const sums = Object.fromEntries([...CELLS, "allowed", "billed", "left"].map((name) => [name, 0]));
  for (const line of lines()) {
    const left = left_of(line);
    const place = line.querySelector("[data-left]");
    place.textContent = left ? money(left) : "✓";
    place.classList.toggle("bad", left < 0);
    place.classList.toggle("good", left === 0);
    sums.left += left;
    sums.billed += Number(line.dataset.billed);
    for (const name of [...CELLS, "allowed"]) sums[name] += cents(cell(line, name).value);
  }
  for (const [name, sum] of Object.entries(sums)) put(`[data-sum="${name}"]`, sum, name === "left" ? sum !== 0 : undefined);
  const payment = cents(form.querySelector("[data-payment]").value);
  const provider = cents(form.querySelector("[data-plb]")?.value ?? "");
  const unposted = payment - sums.paid + provider;
  put('[data-total="payment"]', payment);
  put('[data-total="keyed"]', sums.paid);
  put('[data-total="unposted"]', unposted, unposted !== 0);
}

// What was allowed says the contract's part; both stay as they are typed over.
form?.addEventListener("change", (event) => {
  if (event.target.dataset.cell !== "allowed" || !event.target.value) return;
  const line = event.target.closest("[data-line]");
  const contract = cell(line, "contractual");
  if (!contract.value) contract.value = ((Number(line.dataset.billed) - cents(event.target.value)) / 100).toFixed(2);
  count();
});

form?.addEventListener("keydown", (event) => {
  const input = event.target;
  if (input.dataset.enter && event.key === "Enter" && !event.ctrlKey) { event.preventDefault(); document.getElementById(input.dataset.enter).click(); return; }
  if (!input.dataset.cell) return;
  const line = input.closest("[data-line]");
  if (event.key === "=") {
    event.preventDefault();
    input.value = "";
    input.value = (left_of(line) / 100).toFixed(2);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (["ArrowDown", "ArrowUp", "Enter"].includes(event.key) && !event.ctrlKey) {
    event.preventDefault();
    const all = lines();
    const next = all[all.indexOf(line) + (event.key === "ArrowUp" ? -1 : 1)];
    if (next) { cell(next, input.dataset.cell).focus(); cell(next, input.dataset.cell).select(); }
  }
});

form?.addEventListener("input", count);
if (form) count();
