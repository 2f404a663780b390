// Two of Django's widgets are not accessible as they come: the search-as-you-type select (select2) leaves its own elements
// without a name, so they get the field's label; the two-box select gives a name to an icon without a role.
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
  const mend = () => {
    document.querySelectorAll("select.admin-autocomplete").forEach(name);
    document.querySelectorAll(".search-label-icon[aria-label]").forEach((icon) => icon.setAttribute("role", "img"));
  };
  // They are built at a moment of their own, and again for each added inline row.
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
  mend();
}
