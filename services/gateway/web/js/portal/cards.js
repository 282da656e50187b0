// A card's number goes from the browser to the card company, which answers with a token; only the token comes to us.
const paying = document.querySelector("form[data-card]");

paying?.addEventListener("submit", async (event) => {
  const token = paying.elements.card_token;
  if (token.value) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (paying.dataset.busy) return;
  paying.dataset.busy = "1";
  const part = (name) => paying.querySelector(`[data-card-part=${name}]`).value.trim();
  const said = paying.querySelector("[data-card-said]");
  said.hidden = true;
  const [month, year] = part("until").split(/[\s/.-]+/);
  const body = new URLSearchParams({
    type: "card", "card[number]": part("number").replace(/[\s-]/g, ""), "card[exp_month]": month ?? "", "card[exp_year]": year ?? "", "card[cvc]": part("code"),
  });
  try {
    const answer = await fetch(`${paying.dataset.card}/v1/payment_methods`, { method: "POST", body, headers: { Authorization: `Bearer ${paying.dataset.cardKey}` } });
    const found = await answer.json();
    if (answer.ok) {
      token.value = found.id;
      // What a person recognises a kept card by; where it is not asked for there are no such fields.
      const told = found.card ?? {};
      const known = { brand: told.brand, last_four: told.last4, exp_month: told.exp_month ?? month, exp_year: told.exp_year ?? year };
      for (const [name, value] of Object.entries(known)) if (paying.elements[name]) paying.elements[name].value = value ?? "";
      paying.requestSubmit();
    } else tell_card(paying.dataset.cardWrong);
  } catch {
    tell_card(paying.dataset.cardAway);
  } finally {
    delete paying.dataset.busy;
  }

  function tell_card(text) {
    said.textContent = text;
    said.hidden = false;
    said.scrollIntoView({ block: "center" });
  }
}, true);
// What was declined is tried with a new token.
addEventListener("pageshow", () => { if (paying) paying.elements.card_token.value = ""; });
