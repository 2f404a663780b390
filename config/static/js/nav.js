// Menus (<details class="menu">) close on Escape, on a click elsewhere, and when the focus leaves them.
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
  window.matchMedia("(min-width: 56rem)").addEventListener("change", () => {
    const sidebar = document.getElementById("navigation");
    if (sidebar?.matches(":popover-open")) sidebar.hidePopover();
  });
  const current = document.querySelector(".tabs [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.offsetLeft - 16; // on phones tabs scroll
}
