// Keys that work on every page: g w, g r, /, j and k over [data-row], t, ?, Esc.
// Single letters never fire while a person types, and can be turned off in the list of keys.
import { nextTheme } from "./theme.js";

const dialog = document.getElementById("keys");
const choice = dialog.querySelector("[data-keys-on]");
let leader = -Infinity;

choice.checked = document.documentElement.dataset.keys !== "off";
choice.addEventListener("change", () => (document.cookie = `keys=${choice.checked ? "on" : "off"};path=/;max-age=31536000;samesite=lax`));
for (const button of document.querySelectorAll("[data-keys]")) button.addEventListener("click", () => dialog.showModal());

export const typing = (event) =>
  event.ctrlKey || event.metaKey || event.altKey || !choice.checked || document.querySelector("dialog[open]") !== null ||
  event.target.closest?.("input, textarea, select, [contenteditable], dialog") !== null;

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
  (row?.matches("a, button") ? row : row?.querySelector("a, button"))?.focus();
}

// The jump box opens at once, so that nothing typed is lost; what fills it comes when it is first asked for.
async function jump() {
  const box = document.getElementById("jump");
  if (document.querySelector("dialog[open]")) return;
  box.showModal();
  box.querySelector("input").select();
  (await import("./jump.js")).find();
}

function nameKeys() {
  for (const key of document.querySelectorAll(".jumpto kbd, .btn kbd, .keys kbd")) key.textContent = key.textContent.replace(/^Ctrl/, "⌘");
}

if (/Mac|iP/.test(navigator.platform)) {
  nameKeys();
  document.addEventListener("htmx:afterSettle", nameKeys);
}

document.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || !event.target.closest?.("[data-jump]")) return;
  event.preventDefault();
  jump();
});

addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  jump();
});

// Keys of one's own stand for others: {"n": "j"} makes n what j is, and j nothing. Capitals go with their letters.
const moved = JSON.parse(document.documentElement.dataset.moved ?? "{}");
const places = Object.fromEntries(Object.entries(moved).map(([press, means]) => [means, press]));

for (const key of dialog.querySelectorAll("kbd")) {
  const own = key.textContent;
  key.textContent = places[own] ?? (own in moved ? "–" : own);
}

addEventListener("keydown", (event) => {
  const { key, shiftKey } = event, small = key.toLowerCase();
  if (!event.isTrusted || typing(event) || !(small in moved || small in places)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const means = moved[key] ?? (key === small ? "" : (moved[small] ?? "").toUpperCase());
  if (means) event.target.dispatchEvent(new KeyboardEvent("keydown", { key: means, shiftKey, bubbles: true, cancelable: true }));
}, true);

// Keys of the page, to which its own module may add.
export const actions = {
  "?": () => dialog.showModal(),
  "/": () => document.querySelector("[data-search]")?.focus(),
  t: nextTheme,
  j: () => move(1),
  k: () => move(-1),
};

addEventListener("keydown", (event) => {
  if (typing(event)) return;
  const led = event.timeStamp - leader < 1200;
  leader = event.key === "g" ? event.timeStamp : -Infinity;
  if (led) return document.querySelector(`.nav [data-key="${CSS.escape(event.key)}"]`)?.click();
  const act = actions[event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});
