// The side panel as a sheet. Between a phone and a wide screen it lies over the panes; CSS says from where to
// where. What selects a step opens it and sends the focus in; Esc or its button closes it and brings the focus back.
const work = document.getElementById("work");
const lies = matchMedia("(min-width: 821px) and (max-width: 1180px)");
let opener = "[data-details]"; // where the focus goes back to; what is there is drawn anew now and then

const title = () => document.getElementById("panel-title");

function open(from) {
  opener = from;
  work.dataset.sheet = "";
  say("");
  if (lies.matches) title().focus({ preventScroll: true });
}

function close() {
  delete work.dataset.sheet;
  say("closed");
  (document.querySelector(opener) ?? document.querySelector("[data-details]")).focus({ preventScroll: true });
}

// Whether it is open is in the address, as everything that a page shows.
function say(side) {
  const url = new URL(location.href);
  side ? url.searchParams.set("side", side) : url.searchParams.delete("side");
  history.replaceState(history.state, "", url);
}

function selected({ detail }) {
  const link = detail.requestConfig?.elt;
  const pane = detail.target?.id === "panel" && link?.closest?.("#flow, #timeline")?.id;
  const path = pane && link.closest("[data-path]")?.dataset.path;
  if (path) open(`#${pane} a[data-path="${CSS.escape(path)}"], #${pane} [data-path="${CSS.escape(path)}"] a.to`);
}

document.addEventListener("htmx:afterSettle", selected);
document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-shut]")) close();
  if (target.closest?.("[data-details]")) open("[data-details]");
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !lies.matches || work.dataset.sheet === undefined) return;
  if (!document.querySelector("dialog[open], :popover-open")) close();
});
