// <input type="checkbox" data-tick-all="check_ids"> ticks all boxes of that name in its form; [data-tick-every] stands for
// all rows of the list, also those on other pages, and ticks what is shown to say so.
"use strict";
{
  const boxes = (form, name) => [...form.querySelectorAll(`input[type=checkbox][name="${name}"]`)];

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.form || box.type !== "checkbox") return;
    const all = box.form.querySelector("[data-tick-all]");
    const every = box.form.querySelector("[data-tick-every]");
    if (!all) return;
    const shown = boxes(box.form, all.dataset.tickAll);
    if (box === all || box === every) {
      for (const one of shown) one.checked = box.checked;
      all.checked = box.checked;
      if (every && box === all && !box.checked) every.checked = false;
    } else if (box.name === all.dataset.tickAll) {
      all.checked = shown.every((one) => one.checked);
      if (every && !box.checked) every.checked = false;
    }
  });
}
