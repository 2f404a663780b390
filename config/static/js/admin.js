// Django's search-as-you-type select (select2) leaves its own elements without a name; they get the field's label.
"use strict";
{
  const name = (select) => {
    const label = document.querySelector(`label[for="${select.id}"]`)?.textContent.replace(/[:\s]+$/, "");
    const box = select.nextElementSibling;
    if (!label || !box?.matches(".select2")) return;
    for (const part of box.querySelectorAll("[role=combobox], [role=textbox]")) {
      part.removeAttribute("aria-labelledby");
      part.setAttribute("aria-label", label);
    }
  };
  const nameAll = () => document.querySelectorAll("select.admin-autocomplete").forEach(name);
  window.addEventListener("load", nameAll);
  document.addEventListener("formset:added", () => setTimeout(nameAll));
}
