// The jump box: a dialog with a field and a list that the server fills while one types. Arrows choose, Enter goes.
// Without this module the same is a page of its own.
import { inWords } from "./words.js";

const dialog = document.getElementById("jump");
const field = dialog.querySelector("input");
const address = dialog.querySelector("form").action;
let asked = 0, timer = 0, moved = false, listed = null; // what the list is for

const options = () => [...dialog.querySelectorAll("[role=option]")];
const say = (words) => (dialog.querySelector("[role=status]").textContent = words);
const chosen = () => dialog.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

export async function find() {
  const turn = ++asked, words = field.value;
  const whole = `${address}?q=${encodeURIComponent(words)}`;
  const answer = await fetch(whole, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (turn !== asked) return;
  if (!answer) return say(inWords("The studio does not answer."));
  if (!answer.ok || answer.redirected) return location.assign(whole);
  const text = await answer.text();
  if (turn !== asked) return;
  listed = words;
  const before = moved ? chosen() : null, at = options().indexOf(before);
  dialog.querySelector("#jump-list").outerHTML = text;
  const found = options();
  // Who has moved on before the list came stays at what they chose, or at its place.
  choose(found.find((option) => option.dataset.href === before?.dataset.href) ?? found[Math.max(at, 0)] ?? found[0]);
  say(found.length ? "" : inWords("Nothing is called like that."));
}

// Who types faster than the list comes means what they typed, not what is listed still.
async function enter(event) {
  if (listed === field.value) return go(event, chosen());
  event.preventDefault();
  clearTimeout(timer);
  await find();
  if (listed === field.value) go(event, chosen());
}

function go(event, option) {
  if (!option) return;
  event.preventDefault();
  if (event.ctrlKey || event.metaKey) window.open(option.dataset.href);
  else location.assign(option.dataset.href);
}

field.addEventListener("input", () => {
  moved = false;
  clearTimeout(timer);
  timer = setTimeout(find, 80);
});

dialog.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.indexOf(chosen());
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && all.length) {
    event.preventDefault();
    moved = true;
    choose(all[(at + step + all.length) % all.length]);
  } else if (event.key === "Enter" && !event.isComposing) enter(event);
});

dialog.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (option) go(event, option);
  else if (event.target === dialog) dialog.close();
});
