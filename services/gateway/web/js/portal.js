// What the portal's pages do beyond links and forms. Everything works without it.
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- forms are sent once --------------------------------------------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.classList.contains("sending")) { event.preventDefault(); return; }
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  if (!form.hasAttribute("hx-post")) form.classList.add("sending");
});
addEventListener("pageshow", () => $$("form.sending").forEach((form) => form.classList.remove("sending")));

// --- menus close when one looks elsewhere ---------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  $$("details[open].menu").forEach((menu) => { if (!menu.contains(event.target)) menu.removeAttribute("open"); });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  $$("details[open].menu").forEach((menu) => { menu.removeAttribute("open"); menu.querySelector("summary")?.focus(); });
});
document.addEventListener("change", (event) => { if (event.target.matches?.("[data-go]")) event.target.form.requestSubmit(); });

// --- what is wrong is where one begins ------------------------------------------------------------------------------
document.querySelector("[aria-invalid=true]")?.focus();
const told = document.querySelector(".flash");
if (told) setTimeout(() => told.remove(), 12000);

// --- <hold-timer>: how long a time is kept, counted down; said aloud when a minute is left and when it is over ------
// The server's seconds are counted, not the device's clock, which may be wrong.
class HoldTimer extends HTMLElement {
  connectedCallback() {
    const until = performance.now() + Number(this.dataset.seconds) * 1000;
    const left = this.querySelector("[data-left]"), told = this.querySelector("[data-told]"), warn = Number(this.dataset.warn);
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds <= warn && !this.classList.contains("near")) { this.classList.add("near"); told.textContent = left.textContent; }
      if (seconds) { this.timer = setTimeout(tick, 500); return; }
      this.classList.add("gone");
      this.querySelector("span").textContent = this.dataset.gone;
      told.textContent = this.dataset.gone;
      left.textContent = "";
    };
    tick();
  }
  disconnectedCallback() { clearTimeout(this.timer); }
}
customElements.define("hold-timer", HoldTimer);
