// The scrubber: the run as it was after one of its events. The moment is in the address, so it can be shared;
// without this module the same form and links load the page.
//
// Of several wishes only the newest is fetched: graph, timeline and panel come in one answer.
import { retarget } from "./flow.js";
import { typing } from "./keys.js";
import { inWords } from "./words.js";

const PLAY_EVERY = 220, PLAY_STEPS = 80;
const $ = (selector, root = document) => root.querySelector(selector);
const form = () => $(".scrub");
const range = () => $(".scrub input[type=range]");
const last = () => Number(range().max);
const grouped = (number) => Number(number).toLocaleString("en");
let wish = null, busy = false, playing = 0;

const past = () => $("#past")?.dataset.at;

// Whether the panes show another moment than now, or are about to.
export const elsewhere = () => Boolean(past()) || busy || wish !== null;

// A new event: the range grows, and follows it unless a moment of the past is looked at.
export function grown(seq) {
  if (!form() || seq <= last()) return;
  range().max = seq;
  if (!elsewhere()) say(seq);
  for (const count of document.querySelectorAll("#timeline [data-seq]")) if (!past()) count.textContent = grouped(seq);
}

function say(at) {
  range().value = at;
  range().setAttribute("aria-valuetext", inWords("event {at} of {last}", { at, last: last() }));
  $("output", form()).textContent = inWords("event {at}", { at: grouped(at) });
}

function show(at) {
  wish = Math.max(1, Math.min(last(), at));
  say(wish);
  if (!busy) fetchMoment();
}

async function fetchMoment() {
  const at = wish;
  wish = null;
  busy = true;
  const url = new URL(location.href);
  at >= last() ? url.searchParams.delete("at") : url.searchParams.set("at", at);
  const shown = $("#lanes");
  const kept = ["#graph", "#lanes", "#panel .body"].map((pane) => [pane, $(pane)?.scrollLeft ?? 0, $(pane)?.scrollTop ?? 0]);
  await window.htmx.ajax("GET", url.href, { source: "#work", target: "#lanes", select: "#lanes", swap: "outerHTML show:none" }).catch(() => {});
  busy = false;
  if ($("#lanes") === shown) return wish === null ? giveUp() : fetchMoment();
  for (const [pane, x, y] of kept) $(pane)?.scrollTo(x, y);
  history.replaceState(history.state, "", url);
  for (const link of document.querySelectorAll(".panehead a[href*='?'], .panehead + * a[href^='?']")) retarget(link, "at", url.searchParams.get("at"));
  if (wish !== null) return fetchMoment();
  comeBack();
}

// The moment did not come: what is shown is what it was.
function giveUp() {
  stop();
  say(Number(past() ?? last()));
  comeBack();
}

// What happened meanwhile was not drawn.
function comeBack() {
  if (!past()) document.dispatchEvent(new CustomEvent("moment:live"));
}

function step(by) {
  stop();
  show(Number(range().value) + by);
}

function play() {
  if (playing) return stop();
  if (Number(range().value) >= last()) show(1);
  playing = setInterval(forward, PLAY_EVERY);
  press(true);
}

function forward() {
  if (busy || document.hidden || !form()) return;
  const at = Number(range().value) + Math.max(1, Math.round(last() / PLAY_STEPS));
  if (at >= last()) stop();
  show(at);
}

function stop() {
  clearInterval(playing);
  playing = 0;
  press(false);
}

function press(on) {
  const button = $("[data-play]");
  if (!button) return;
  button.setAttribute("aria-pressed", String(on));
  button.setAttribute("aria-label", on ? inWords("Pause") : inWords("Play from here"));
  const use = $("use", button);
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, on ? "#pause" : "#play"));
}

document.addEventListener("input", (event) => {
  if (event.target !== range()) return;
  stop();
  show(Number(event.target.value));
});

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !form()) return;
  const link = event.target.closest?.(".scrub [data-step], [data-moment], [data-live]");
  if (event.target.closest?.("[data-play]")) return play();
  if (!link) return;
  event.preventDefault();
  event.stopPropagation();
  if (link.dataset.step) return step(Number(link.dataset.step));
  stop();
  show(link.dataset.moment ? Number(link.dataset.moment) : last());
}, true);

addEventListener("keydown", (event) => {
  if (!event.shiftKey || typing(event) || !form() || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  event.preventDefault();
  step(event.key === "ArrowLeft" ? -1 : 1);
});
