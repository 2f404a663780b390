// Menus (<details class="menu">) close on Escape, on a click elsewhere, and when the focus leaves them.
// Inside a table that scrolls they would be cut off at its edge, so there they stand over the window, up or down.
// The phone's navigation is a popover and needs no script; it is closed here only when the window grows.
// Tabs that do not fit scroll, and the one that one is on is scrolled into sight.
"use strict";
{
  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.(".table-scroll details.menu[open]")) return;
    const panel = menu.querySelector(".menu-panel");
    const at = menu.getBoundingClientRect();
    Object.assign(panel.style, { position: "fixed", minWidth: "0", top: "0", left: "0", right: "auto" });
    const { width, height } = panel.getBoundingClientRect();
    const below = at.bottom + 4 + height <= innerHeight || at.top < height + 4;
    panel.style.top = `${below ? at.bottom + 4 : at.top - height - 4}px`;
    panel.style.left = `${Math.max(4, at.right - width)}px`;
  }, true);
  document.addEventListener("scroll", (event) => {
    for (const menu of openMenus()) if (menu.closest(".table-scroll") && !menu.contains(event.target)) menu.open = false;
  }, { capture: true, passive: true });
  window.matchMedia("(min-width: 56rem)").addEventListener("change", () => {
    const sidebar = document.getElementById("navigation");
    if (sidebar?.matches(":popover-open")) sidebar.hidePopover();
  });
  const current = document.querySelector(".tabs [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.offsetLeft - 16; // on phones tabs scroll
}
