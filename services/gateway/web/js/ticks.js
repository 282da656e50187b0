// What the ticked lines come to, while they are ticked. Only for the eye: the service adds up what is sent.
const form = document.querySelector("form[data-ticks]");
const place = form?.querySelector("[data-sum]");

function count() {
  const ticked = [...form.querySelectorAll("[data-amount]:checked")];
  const cents = ticked.reduce((sum, each) => sum + Number(each.dataset.amount), 0);
  const amount = (cents / 100).toLocaleString(document.documentElement.lang, { style: "currency", currency: "USD" });
  place.textContent = place.dataset.of.replace("{count}", ticked.length).replace("{amount}", amount);
  place.hidden = false;
}

form?.addEventListener("change", () => place && count());
if (place) count();
