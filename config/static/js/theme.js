// Applies the chosen colours before the first paint, so it is loaded without defer. Django's admin uses the same key.
"use strict";
{
  const root = document.documentElement;

  const stored = () => {
    try {
      const choice = localStorage.getItem("theme");
      return ["light", "dark"].includes(choice) ? choice : "auto";
    } catch {
      return "auto"; // storage is switched off in this browser
    }
  };

  const apply = (choice) => {
    root.dataset.theme = choice;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  };

  const choose = (choice) => {
    try {
      localStorage.setItem("theme", choice);
    } catch {
      // the choice then lasts for this page only
    }
    apply(choice);
  };

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => {
    apply(stored());
    for (const group of document.querySelectorAll(".theme-switch")) group.classList.add("ready");
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (button) choose(button.dataset.themeChoice);
  });
  window.addEventListener("storage", (event) => event.key === "theme" && apply(stored()));
}
