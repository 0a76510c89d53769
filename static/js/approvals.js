// The inbox with less waiting: the row of the question shown is marked, what is written is kept as a draft,
// and single keys lead to the decision. Without this module every link and button still does its work.
import "./answer.js";
import { isPressed } from "./hand.js";
import { actions } from "./keys.js";
import "./wish.js";

function mark() {
  const inbox = document.getElementById("inbox");
  const shown = location.pathname.match(/\/approvals\/(\d+)\//)?.[1];
  inbox.dataset.view = shown ? "one" : "list";
  for (const row of inbox.querySelectorAll("[data-approval]")) {
    const current = row.dataset.approval === shown;
    row.toggleAttribute("data-current", current);
    if (current) row.querySelector(".t").setAttribute("aria-current", "true");
    else row.querySelector(".t").removeAttribute("aria-current");
  }
}

// What is not here any more is struck out where it stands, and the menu and the title say how much waits.
function waiting(news) {
  const item = document.querySelector(".nav [data-key=a]");
  const badge = news.querySelector("template").content.firstElementChild;
  item.querySelector(".badge")?.remove();
  if (badge) item.append(badge);
  document.title = (badge ? `(${badge.firstChild.data}) ` : "") + document.title.replace(/^\(\d+\+?\) /, "");
}

function strike(news) {
  for (const id of news.dataset.gone.split(" ").filter(Boolean)) {
    const row = document.querySelector(`.it[data-approval="${id}"]`);
    row?.classList.add("gone");
    row?.querySelector("[data-pick]")?.remove();
  }
  count();
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id === "news" && isPressed(detail.target)) detail.shouldSwap = false;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "news") {
    waiting(event.target);
    strike(event.target);
  }
  if (event.target.id !== "detail") return;
  mark();
  event.target.querySelector("h2")?.focus({ preventScroll: true });
});

// Selecting: x for the row in hand, Shift x for everything since the last one. The button says how many.
let last = null;

const boxes = () => [...document.querySelectorAll("[data-pick]")];

function count() {
  const button = document.querySelector("[data-picked]");
  if (button) button.disabled = !boxes().some((box) => box.checked);
}

function pick(box, range) {
  const all = boxes();
  const [from, to] = [all.indexOf(range ? last : box), all.indexOf(box)].sort((a, b) => a - b);
  for (const one of all.slice(Math.max(0, from), to + 1)) one.checked = range || !one.checked;
  last = box;
  count();
}

const inHand = () => (document.activeElement.closest("[data-row]") ?? document.querySelector("[data-current]"))?.querySelector("[data-pick]");

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick]")) last = event.target;
  count();
});
count();

Object.assign(actions, {
  e: () => document.querySelector("#decide .fields :is(input:not([type=hidden]), textarea, select), .decisions button")?.focus(),
  c: () => document.querySelector("[data-claim]")?.click(),
  x: (event) => inHand() && pick(inHand(), event.shiftKey),
  X: (event) => inHand() && pick(inHand(), event.shiftKey),
  s: () => document.querySelector("[data-snooze]")?.click(),
  m: () => document.getElementById("remark")?.focus(),
});
