// The one dialog of a page, filled by the server: a link with data-dialog opens it, and with "step" it says
// which step is selected. Without this module the same link shows the same as a page of its own.
const dialog = document.getElementById("dialog");
const PARTS = "#verb, #problem";
let opener = null;

function follow(event) {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  opener = link;
  const address = new URL(link.href);
  const step = document.getElementById("panel")?.dataset.step;
  if (step && link.dataset.dialog === "step") address.searchParams.set("step", step);
  window.htmx.ajax("GET", address.href, { source: dialog, target: dialog, select: PARTS, swap: "innerHTML" });
}

function leave(event) {
  const back = event.target.closest("[data-close]");
  if (!back) return;
  event.preventDefault();
  event.stopPropagation();
  dialog.close();
}

document.addEventListener("click", follow, true);
dialog.addEventListener("click", leave, true);
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  // What opened it may have been drawn anew meanwhile, and the browser does not know that it is the same.
  if (!opener?.isConnected) document.querySelector(`a[data-dialog][href="${CSS.escape(opener?.getAttribute("href"))}"]`)?.focus();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === dialog && !dialog.open) dialog.showModal();
});
