// Guards what was typed and not saved: <form id="settings" data-guard> marks [data-unsaved="settings"] and asks before the
// page is left. Sending that form, or one of its own buttons, is no leaving.
"use strict";
{
  const unsaved = new Set();

  const mark = (form, dirty) => {
    if (dirty) unsaved.add(form.id);
    else unsaved.delete(form.id);
    for (const note of document.querySelectorAll("[data-unsaved]")) note.hidden = !unsaved.has(note.dataset.unsaved);
  };

  const guarded = (event) => {
    const form = event.target.closest?.("form[data-guard]");
    if (form && event.target.name && event.target.name !== "q" && event.isTrusted) mark(form, true);
  };
  document.addEventListener("input", guarded);
  document.addEventListener("change", guarded);
  document.addEventListener("submit", (event) => event.target.matches("form[data-guard]") && mark(event.target, false));
  window.addEventListener("beforeunload", (event) => {
    if (unsaved.size) event.preventDefault();
  });
}
