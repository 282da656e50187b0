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
