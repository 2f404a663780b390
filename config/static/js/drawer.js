// A detail panel is a page part loaded into #drawer; its address is a real page, so it can be linked and reloaded.
// The focus moves into it, Escape and its close link leave it, and the focus returns to the row that opened it.
"use strict";
{
  let opener = null;
  const area = () => document.getElementById("drawer");

  const close = () => {
    const panel = area()?.firstElementChild;
    if (!panel) return;
    const address = panel.dataset.closeUrl;
    area().replaceChildren();
    if (address) history.pushState({}, "", address === "?" ? window.location.pathname : address);
    opener?.focus();
    opener = null;
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === area() && !area().contains(event.target)) opener = event.target;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === area()) area().querySelector("h2")?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !document.querySelector("dialog[open], details.menu[open]")) close();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close-drawer]")) return;
    event.preventDefault();
    close();
  });
  window.addEventListener("popstate", () => window.location.reload());
}
