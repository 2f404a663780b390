// A part that cannot be loaded says so where it stands, with a Retry button, instead of staying empty.
// It applies to parts that load themselves: elements with hx-get and data-part="the host list".
"use strict";
{
  const FAILURES = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];
  const REASONS = { 403: "Your role does not allow this.", 404: "It no longer exists.", 429: "Too many requests; wait a moment." };

  const reason = (event) => {
    const status = event.detail.xhr?.status ?? 0;
    if (!status) return "The server could not be reached.";
    return REASONS[status] ?? `The server answered with an error (${status}).`;
  };

  const show = (part, text) => {
    const blank = document.getElementById("part-failed");
    if (!blank) return;
    part.querySelector(":scope > .part-failed")?.remove();
    const notice = blank.content.firstElementChild.cloneNode(true);
    notice.querySelector("[data-what]").textContent = part.dataset.part;
    notice.querySelector("[data-why]").textContent = text;
    notice.querySelector("button").addEventListener("click", () => {
      notice.remove();
      htmx.trigger(part, "retry");
    });
    part.querySelector(":scope > .skeleton")?.remove();
    part.prepend(notice);
    part.removeAttribute("aria-busy");
  };

  for (const name of FAILURES) {
    document.addEventListener(name, (event) => {
      const part = event.detail.elt.closest("[data-part]");
      if (part && part === event.detail.elt) {
        show(part, reason(event));
      } else {
        document.dispatchEvent(new CustomEvent("toast", { detail: { level: "error", message: reason(event) } }));
      }
    });
  }
}
