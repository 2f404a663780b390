// <button data-copy="policy" hidden> shows itself and copies the text of the element with the id "policy".
"use strict";
{
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) break; // a page that was not fetched through HTTPS has no clipboard
    button.hidden = false;
    button.addEventListener("click", async () => {
      const words = button.querySelector("[data-copy-words]");
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        words.textContent = "Copied";
      } catch {
        words.textContent = "Select it and copy";
      }
      setTimeout(() => { words.textContent = "Copy"; }, 2500);
    });
  }
}
