// A part that cannot be loaded says so where it stands, with a Retry button, instead of staying empty.
// It applies to parts that load themselves: elements with hx-get and data-part="the host list"; and to the search of a
// combobox, where the warning stands under the field.
"use strict";
{
  const FAILURES = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];
  const REASONS = { 403: "Your role does not allow this.", 404: "It no longer exists.", 429: "Too many requests; wait a moment." };

  const reason = (event) => {
    const status = event.detail.xhr?.status ?? 0;
    if (!status) return "The server could not be reached.";
    return REASONS[status] ?? `The server answered with an error (${status}).`;
  };

  const warning = (what, why, element) => {
    const notice = document.getElementById("part-failed").content.firstElementChild.cloneNode(true);
    notice.querySelector("[data-what]").textContent = what;
    notice.querySelector("[data-why]").textContent = why;
    notice.querySelector("button").addEventListener("click", () => {
      notice.remove();
      element.focus();
      htmx.trigger(element, "retry");
    });
    return notice;
  };
  const show = (part, text) => {
    part.querySelector(":scope > .part-failed")?.remove();
    part.querySelector(":scope > .skeleton")?.remove();
    part.prepend(warning(part.dataset.part, text, part));
    part.removeAttribute("aria-busy");
  };
  const clear = (box) => box.parentElement.querySelector(":scope > .part-failed")?.remove();
  const showUnder = (box, text) => {
    clear(box);
    const list = box.querySelector("[role=listbox]");
    box.after(warning(`the choices for ${list.getAttribute("aria-label")}`, text, box.querySelector("[role=combobox]")));
  };

  for (const name of FAILURES) {
    document.addEventListener(name, (event) => {
      const part = event.detail.elt.closest("[data-part]");
      const box = event.detail.elt.closest(".combobox");
      const blank = document.getElementById("part-failed");
      if (blank && part && part === event.detail.elt) {
        show(part, reason(event));
      } else if (blank && box) {
        showUnder(box, reason(event));
      } else {
        document.dispatchEvent(new CustomEvent("toast", { detail: { level: "error", message: reason(event) } }));
      }
    });
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    const box = event.detail.target.closest?.(".combobox");
    if (box) clear(box);
  });
}
