// Shows a chart mark's values beside the pointer or the focused mark. Text: data-tip on .mark, lines parted by "|".
// Without this script the same text is the mark's <title> and the chart's table.
"use strict";
{
  let tooltip = null;

  const hide = () => {
    tooltip?.remove();
    tooltip = null;
  };

  const show = (mark) => {
    const chart = mark.closest(".chart");
    if (!chart) return;
    hide();
    tooltip = document.createElement("div");
    tooltip.className = "chart-tooltip";
    tooltip.setAttribute("aria-hidden", "true");
    tooltip.textContent = mark.dataset.tip.split("|").join("\n");
    chart.append(tooltip);
    const frame = chart.getBoundingClientRect();
    const anchor = (mark.querySelector(".point") ?? mark).getBoundingClientRect();
    const left = anchor.left + anchor.width / 2 - frame.left - tooltip.offsetWidth / 2;
    tooltip.style.left = `${Math.max(0, Math.min(left, frame.width - tooltip.offsetWidth))}px`;
    tooltip.style.top = `${Math.max(0, anchor.top - frame.top - tooltip.offsetHeight - 10)}px`;
  };

  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const mark = event.target.closest?.(".chart [data-tip]");
      if (mark) show(mark);
      else if (name === "pointerover") hide();
    });
  }
  document.addEventListener("focusout", hide);
}
