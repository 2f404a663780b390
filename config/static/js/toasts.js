// Short messages at the lower edge. The server renders Django's messages into #toasts; an htmx answer adds one with
//   HX-Trigger: {"toast": {"level": "success", "message": "Policy saved."}}
// Success and information leave after 6 s unless hovered or focused; warnings and errors stay until closed.
"use strict";
{
  const SHOWN_MS = 6000;
  const area = () => document.getElementById("toasts");

  const arm = (toast) => {
    if (toast.dataset.armed) return;
    toast.dataset.armed = "yes";
    if (toast.matches(".toast-error, .toast-warning")) return;
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : toast.remove());
    setTimeout(leave, SHOWN_MS);
  };

  const add = (level, message) => {
    const blank = document.getElementById(`toast-${level}`) ?? document.getElementById("toast-info");
    if (!blank || !area()) return;
    const toast = blank.content.firstElementChild.cloneNode(true);
    toast.querySelector(".grow").textContent = message;
    area().append(toast);
    arm(toast);
  };

  document.addEventListener("DOMContentLoaded", () => area()?.querySelectorAll(".toast").forEach(arm));
  document.addEventListener("htmx:afterSettle", () => area()?.querySelectorAll(".toast").forEach(arm));
  document.addEventListener("toast", (event) => add(event.detail.level ?? "info", String(event.detail.message ?? "")));
  document.addEventListener("click", (event) => event.target.closest(".toast-close")?.closest(".toast").remove());
}
