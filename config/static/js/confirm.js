// <a href="#revoke-12" data-dialog> opens <dialog id="revoke-12"> as a modal one. Without this script the link's
// target makes the same dialog visible, so nothing is lost. [data-close], a click on the backdrop and a button that
// sends a form elsewhere on the page close it.
"use strict";
{
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("a[data-dialog]");
    if (opener) {
      const dialog = document.querySelector(opener.getAttribute("href"));
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
      return;
    }
    const sender = event.target.closest("dialog button[form]");
    if (sender) {
      sender.closest("dialog").close(); // a modal dialog would hide what the browser says of a field of that form
      return;
    }
    const closer = event.target.closest("dialog [data-close]");
    if (closer) {
      event.preventDefault();
      closer.closest("dialog").close();
    } else if (event.target instanceof HTMLDialogElement && event.target.open) {
      event.target.close();
    }
  });

  // One click, one request: a form that is on its way cannot be sent twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.closest("#container")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 3000);
  });
}
