// Filters rows that are already on the page (results of one host, a template's checks) and keeps the choice in the address.
//   <form data-filters="results"> with named search, select or hidden inputs; rows: [data-filter-row] inside #results,
//   data-text="lower-case text to search", data-status="fail", ...: one data attribute for each named input.
// A chip <button name="status" value="fail" aria-pressed> toggles a value. Without this script the form asks the server.
"use strict";
{
  const choices = (form) => {
    const chosen = new Map();
    for (const field of form.elements) {
      if (!field.name) continue;
      if (field.matches("button")) {
        if (field.getAttribute("aria-pressed") === "true") chosen.set(field.name, [...(chosen.get(field.name) ?? []), field.value]);
      } else if (field.value.trim()) {
        chosen.set(field.name, [field.value.trim()]);
      }
    }
    return chosen;
  };

  const matches = (row, chosen) => {
    for (const [name, values] of chosen) {
      if (name === "q") {
        const text = row.dataset.text ?? row.textContent.toLowerCase();
        if (!values[0].toLowerCase().split(/\s+/).every((word) => text.includes(word))) return false;
      } else if (!values.includes(row.dataset[name])) {
        return false;
      }
    }
    return true;
  };

  const remember = (form, chosen) => {
    const query = new URLSearchParams(location.search);
    for (const field of form.elements) if (field.name) query.delete(field.name);
    for (const [name, values] of chosen) for (const value of values) query.append(name, value);
    history.replaceState(history.state, "", query.size ? `?${query}` : location.pathname);
  };

  const apply = (form) => {
    const area = document.getElementById(form.dataset.filters);
    if (!area) return;
    const chosen = choices(form);
    const rows = [...area.querySelectorAll("[data-filter-row]")];
    let shown = 0;
    for (const row of rows) {
      row.hidden = !matches(row, chosen);
      if (!row.hidden) shown += 1;
    }
    for (const group of area.querySelectorAll("[data-filter-group]")) {
      group.hidden = !group.querySelector("[data-filter-row]:not([hidden])");
    }
    const count = form.querySelector("[data-filter-count]");
    if (count) count.textContent = shown === rows.length ? `${rows.length} shown` : `${shown} of ${rows.length} shown`;
    const none = area.querySelector("[data-filter-none]");
    if (none) none.hidden = shown > 0;
  };

  const changed = (form) => {
    apply(form);
    remember(form, choices(form));
  };

  const start = () => document.querySelectorAll("form[data-filters]").forEach(apply);
  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("htmx:afterSettle", start);
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-filters]");
    if (form) changed(form);
  });
  document.addEventListener("submit", (event) => event.target.matches("form[data-filters]") && event.preventDefault());
  document.addEventListener("click", (event) => {
    const chip = event.target.closest("form[data-filters] button[aria-pressed]");
    if (chip) {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      changed(chip.form);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const search = document.querySelector("main input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  });
}
