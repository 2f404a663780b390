// A select that asks the server while one types. Markup: templates/_combobox.html. The visible input holds the label, the hidden
// one the value; htmx fetches <li role="option" data-value="12" data-label="web-01"> elements into the list.
"use strict";
{
  const parts = (element) => {
    const box = element.closest(".combobox");
    return box && { box, input: box.querySelector("[role=combobox]"), list: box.querySelector("[role=listbox]"), value: box.querySelector("input[type=hidden]") };
  };
  const options = (list) => [...list.querySelectorAll("[role=option]")];

  const close = ({ input, list }) => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const open = ({ input, list }) => {
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const activate = ({ input, list }, option) => {
    for (const other of options(list)) other.setAttribute("aria-selected", String(other === option));
    option.id ||= `${list.id}-${options(list).indexOf(option)}`;
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };
  const pick = (combobox, option) => {
    combobox.input.value = option.dataset.label ?? option.textContent.trim();
    combobox.input.dataset.picked = combobox.input.value;
    combobox.value.value = option.dataset.value;
    close(combobox);
    combobox.value.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const move = (combobox, step) => {
    const all = options(combobox.list);
    if (!all.length) return;
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    open(combobox);
    activate(combobox, all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
  };

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".combobox [role=combobox]")) return;
    const combobox = parts(event.target);
    const active = combobox.list.querySelector("[aria-selected=true]");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(combobox, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !combobox.list.hidden && active) {
      event.preventDefault();
      pick(combobox, active);
    } else if (event.key === "Escape" && !combobox.list.hidden) {
      event.stopPropagation();
      close(combobox);
    }
  });
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.(".combobox [role=option]");
    if (!option) return;
    event.preventDefault();
    pick(parts(option), option);
  });
  // What was typed over a picked label is no choice: forget the old value rather than send it.
  document.addEventListener("input", (event) => {
    if (event.target.matches(".combobox [role=combobox]") && event.target.value !== event.target.dataset.picked) parts(event.target).value.value = "";
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const list = event.detail.target;
    if (list.matches(".combobox [role=listbox]") && parts(list).input === document.activeElement) open(parts(list));
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches(".combobox [role=combobox]")) close(parts(event.target));
  });
}
