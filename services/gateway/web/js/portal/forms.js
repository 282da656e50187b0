// Forms: a question is shown when the one it hangs on is answered so; what is typed is kept in this tab until it was sent, so that
// it survives the end of a session.
const values_of = (form, name) => [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)]
  .filter((each) => !["radio", "checkbox"].includes(each.type) || each.checked).map((each) => each.value);

function show_asked(form) {
  form.querySelectorAll("[data-when]").forEach((asked) => {
    const on = asked.closest("form").querySelector(`[name="${CSS.escape(asked.dataset.when)}"]`);
    const hidden_too = on?.closest("[data-when]")?.hidden ?? false;
    asked.hidden = Boolean(on) && (hidden_too || !values_of(form, asked.dataset.when).some((value) => asked.dataset.is.split(" ").includes(value)));
  });
}

$$("form[data-form]").forEach((form) => {
  show_asked(form);
  form.addEventListener("change", () => show_asked(form));
});

// --- drafts -----------------------------------------------------------------------------------------------------------
const draft_key = (form) => `draft:${document.body.dataset.user}:${form.dataset.draft}`;
const kept = (each) => each.name && !["hidden", "file", "password"].includes(each.type);

function keep_draft(form) {
  const entries = [...form.elements].filter(kept).filter((each) => !["radio", "checkbox"].includes(each.type) || each.checked).map((each) => [each.name, each.value]);
  sessionStorage.setItem(draft_key(form), JSON.stringify(entries));
}

function restore_draft(form) {
  const raw = sessionStorage.getItem(draft_key(form));
  if (!raw) return;
  const entries = JSON.parse(raw);
  let changed = false;
  [...form.elements].filter(kept).forEach((each) => {
    const mine = entries.filter(([name]) => name === each.name).map(([, value]) => value);
    if (["radio", "checkbox"].includes(each.type)) {
      const on = mine.includes(each.value);
      changed ||= on !== each.checked;
      each.checked = on;
    } else if (mine.length && each.value !== mine[0]) {
      each.value = mine[0];
      changed = true;
    }
  });
  const told_kept = form.querySelector("[data-restored]");
  if (changed && told_kept) told_kept.hidden = false;
  if (form.hasAttribute("data-form")) show_asked(form);
}

// A draft that was sent is done with once a page follows that finds nothing wrong. When the session had ended instead, the page that
// follows is the sign-in page: the draft stays.
addEventListener("submit", (event) => { if (event.target.dataset?.draft) sessionStorage.setItem("draft-sent", draft_key(event.target)); });
const draft_sent = sessionStorage.getItem("draft-sent");
if (draft_sent && document.body.dataset.user && !document.querySelector("[aria-invalid=true], .notice.bad:not([hidden])")) sessionStorage.removeItem(draft_sent);
sessionStorage.removeItem("draft-sent");
Object.keys(sessionStorage).filter((key) => document.body.dataset.user && key.startsWith("draft:") && key.split(":")[1] !== document.body.dataset.user).forEach((key) => sessionStorage.removeItem(key));
$$("form[data-draft]").forEach((form) => {
  restore_draft(form);
  form.addEventListener("input", () => keep_draft(form));
  form.addEventListener("change", () => keep_draft(form));
});

// --- a signature is drawn ---------------------------------------------------------------------------------------------
$$("[data-pad]").forEach((box) => {
  const canvas = box.querySelector("canvas"), field = box.querySelector("[name=drawn]"), pen = canvas.getContext("2d");
  box.hidden = false;
  pen.lineWidth = 3; pen.lineCap = "round"; pen.lineJoin = "round"; pen.strokeStyle = "#14222b";
  let drawing = false;
  const at = (event) => {
    const area = canvas.getBoundingClientRect();
    return [(event.clientX - area.left) * canvas.width / area.width, (event.clientY - area.top) * canvas.height / area.height];
  };
  canvas.addEventListener("pointerdown", (event) => { drawing = true; canvas.setPointerCapture(event.pointerId); pen.beginPath(); pen.moveTo(...at(event)); event.preventDefault(); });
  canvas.addEventListener("pointermove", (event) => { if (!drawing) return; pen.lineTo(...at(event)); pen.stroke(); });
  const lift = () => { if (drawing) { drawing = false; field.value = canvas.toDataURL("image/png"); } };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  box.querySelector("[data-wipe]").addEventListener("click", () => { pen.clearRect(0, 0, canvas.width, canvas.height); field.value = ""; });
});
