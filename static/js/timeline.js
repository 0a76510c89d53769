// The timeline as time passes and as one moves through it: open bars grow to now, the axis makes room when now
// reaches its end, rows of a long run come as they are scrolled to, and a stretch of the axis can be zoomed to.
//
// What other modules may count on (live.js patches through it):
//   .row[data-path="<public path>"]  data-s, glyph, [data-word] and [data-meta] as in flow.js (`patch` there)
//   .row svg.bars > .bar             class: a status, or try, queued, group; data-s colours it; data-from and
//                                    data-to in milliseconds since the epoch, an open bar has no data-to
//   `open(path, kind, at)`           starts a bar in the rows of a path
//   `close(path, at, kind)`          ends the open bar there; kind, if given, says what it turned out to be
//   `firstRow()`                     the row at the top of the pane, for whoever fetches the timeline anew
//   .tl[data-axis]                   [[from, to, x, x], …]: milliseconds to shares of 100; folded idle time is
//                                    a segment like any other. New rows come with the fragment, not from here.
import { now } from "./clock.js";
import { typing } from "./keys.js";

const SVG = "http://www.w3.org/2000/svg";
const THINNEST = 0.35, ROOM = 9, ROW = 28, AHEAD = 20, AGAIN = 2000;

const pane = () => document.querySelector(".tl");
const rows = (path) => [...document.querySelectorAll(`.row[data-path="${CSS.escape(path)}"] .bars`)];
let axis = [];
let drawnFor = 0, fetchedAt = now();

function place(at) {
  for (const [from, to, x, end] of axis) if (at <= to) return x + (Math.max(0, at - from) / Math.max(1, to - from)) * (end - x);
  return axis.at(-1)?.[3] ?? 0;
}

function instantAt(x) {
  const [from, to, start, end] = axis.find((segment) => x <= segment[3]) ?? axis.at(-1);
  return from + (Math.max(0, x - start) / Math.max(0.001, end - start)) * (to - from);
}

function lay(bar, at) {
  const x = place(Number(bar.dataset.from));
  const to = place(bar.dataset.to === undefined ? at : Number(bar.dataset.to));
  const left = Math.min(x, 100 - THINNEST), width = Math.max(to - x, THINNEST);
  const places = bar.tagName === "line" ? { x1: left, x2: left + width } : { x: left, width };
  for (const [name, share] of Object.entries(places)) bar.setAttribute(name, `${share.toFixed(3)}%`);
}

function call(bar, kind) {
  bar.setAttribute("class", `bar ${kind}`);
  bar.dataset.s = kind === "try" ? "failed" : kind;
}

export function open(path, kind, at) {
  for (const bars of rows(path)) {
    const bar = document.createElementNS(SVG, "rect");
    call(bar, kind);
    bar.dataset.from = at;
    bars.append(bar);
    lay(bar, Math.max(at, now()));
  }
}

export function close(path, at, kind) {
  for (const bars of rows(path)) {
    for (const bar of bars.querySelectorAll(".bar:not([data-to])")) {
      bar.dataset.to = at;
      if (kind) call(bar, kind);
      lay(bar, at);
    }
  }
}

// While something runs, the last segment is stretched: its bars and ticks move to the left, what is before it
// stays. When it has become much longer than it was drawn for, the server lays the axis out anew. When all
// that is open only waits, the axis stands still.
function stretch(at) {
  const last = axis.at(-1);
  if (at <= last[1] || !pane().querySelector(".bar.running:not([data-to])")) return false;
  last[1] = at + (at - last[0]) * 0.1;
  if (last[1] - last[0] > 3 * drawnFor && at - fetchedAt > 15000) {
    fetchedAt = at;
    document.dispatchEvent(new CustomEvent("timeline:stale"));
  }
  return true;
}

function grow() {
  const tl = pane();
  if (!tl || tl.dataset.open !== "1" || document.hidden || !axis.length) return;
  const at = now();
  const stretched = stretch(at);
  for (const bar of tl.querySelectorAll(stretched ? ".bar" : ".bar:not([data-to])")) lay(bar, at);
  for (const line of tl.querySelectorAll(".grid .now")) moveTo(line, place(at));
  if (!stretched) return;
  for (const line of tl.querySelectorAll(".grid [data-at]")) moveTo(line, place(Number(line.dataset.at)));
  let before = -ROOM;
  for (const text of tl.querySelectorAll(".axis [data-at]")) {
    const x = place(Number(text.dataset.at));
    text.setAttribute("x", `${x.toFixed(3)}%`);
    text.toggleAttribute("hidden", x - before < ROOM);
    if (x - before >= ROOM) before = x;
  }
}

function moveTo(line, x) {
  for (const end of ["x1", "x2"]) line.setAttribute(end, `${x.toFixed(3)}%`);
}

// Windows

// A long timeline has two windows of rows at most, between two gaps that stand for all the others.
let fetching = null;

const windows = () => [...document.querySelectorAll(".tl .window")];
const number = (element, name) => Number(element.dataset[name]);

export function firstRow() {
  const tl = pane();
  return tl?.querySelector(".gap") ? Math.max(0, Math.floor(tl.scrollTop / ROW)) : null;
}

function setGaps(shown) {
  const [above, below] = pane().querySelectorAll(".gap");
  above.setAttribute("height", number(shown[0], "first") * ROW);
  below.setAttribute("height", Math.max(0, number(pane(), "total") - number(shown.at(-1), "last")) * ROW);
}

async function look() {
  const tl = pane();
  if (!tl?.querySelector(".gap") || fetching) return;
  const top = Math.max(0, Math.floor(tl.scrollTop / ROW) - AHEAD);
  const bottom = Math.min(number(tl, "total"), Math.ceil((tl.scrollTop + tl.clientHeight) / ROW) + AHEAD);
  const shown = windows();
  const missing = [top, bottom - 1].find((row) => !shown.some((one) => number(one, "first") <= row && row < number(one, "last")));
  if (missing === undefined) return;
  fetching = missing;
  const made = await fetchWindow(missing).catch(() => null);
  fetching = null;
  insert(made, tl);
  made ? look() : setTimeout(look, AGAIN);
}

async function fetchWindow(row) {
  const url = new URL(location.href);
  url.pathname = url.pathname.replace(/(events|state|logs|raw)\/$/, "");
  url.searchParams.set("row", row);
  const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "window" } });
  return answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".window");
}

function insert(made, tl) {
  if (!made || tl !== pane()) return;
  const keep = windows().filter((one) => number(one, "last") === number(made, "first") || number(one, "first") === number(made, "last"));
  const focused = document.activeElement?.closest(".row")?.dataset.path;
  for (const one of windows()) if (one !== keep[0]) one.remove();
  for (const one of [made, ...keep]) one.removeAttribute("id");
  const after = keep[0] && number(keep[0], "last") <= number(made, "first");
  after ? keep[0].after(made) : (keep[0] ?? tl.querySelectorAll(".gap")[1]).before(made);
  window.htmx.process(made);
  tl.dataset.total = made.dataset.total;
  setGaps(windows());
  for (const bar of made.querySelectorAll(".bar")) lay(bar, now());
  rove(focused && document.querySelector(`.row[data-path="${CSS.escape(focused)}"] .to`), Boolean(focused));
}

// Keyboard

// One row is in the order of tabs; the arrows go from it to the others, and open and close boxes.
const links = () => [...document.querySelectorAll(".tl .row .to[href]")];

function rove(to, focus) {
  const all = links(), chosen = all.filter((link) => link.closest("[aria-selected='true']"));
  const one = to ?? chosen.find((link) => link.tabIndex === 0) ?? chosen[0] ?? all[0];
  for (const link of all) link.tabIndex = link === one ? 0 : -1;
  for (const toggle of document.querySelectorAll(".tl .opens")) toggle.tabIndex = -1;
  if (focus) one?.focus();
}

function walk(event) {
  const row = event.target.closest?.(".tl .row");
  const act = row && { ArrowDown: () => move(row, 1), ArrowUp: () => move(row, -1), ArrowRight: () => turn(row, true), ArrowLeft: () => turn(row, false), Home: () => end(0), End: () => end(1) }[event.key];
  if (!act || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
}

function move(row, by) {
  const all = links();
  rove(all[all.indexOf(row.querySelector(".to")) + by], true);
}

function turn(row, out) {
  const toggle = row.querySelector(".opens");
  if (toggle && (row.getAttribute("aria-expanded") === "true") !== out) return toggle.click();
  if (out) return move(row, 1);
  let before = row;
  while ((before = before.previousElementSibling)) {
    if (Number(before.ariaLevel) < Number(row.ariaLevel)) return rove(before.querySelector(".to[href]"), true);
  }
}

function end(which) {
  const tl = pane();
  tl.scrollTop = which ? tl.scrollHeight : 0;
  const wanted = which ? number(tl, "total") - 1 : 0;
  const ready = () => windows().some((one) => number(one, "first") <= wanted && wanted < number(one, "last"));
  const go = () => (ready() ? rove(links().at(which ? -1 : 0), true) : tl.isConnected && setTimeout(go, 60));
  go();
}

// Zoom

// A stretch of the axis is chosen by dragging over it, by fields, or by a key; the server draws it.
function zoom(from, to) {
  const url = new URL(location.href), origin = number(pane(), "origin");
  for (const name of ["start", "end", "row"]) url.searchParams.delete(name);
  if (from !== null) {
    url.searchParams.set("start", Math.max(0, Math.floor(from - origin)));
    url.searchParams.set("end", Math.max(1, Math.ceil(to - origin)));
  }
  history.replaceState(history.state, "", url);
  document.dispatchEvent(new CustomEvent("timeline:stale"));
}

const KEYS = {
  1: () => zoom(null),
  2: () => {
    const bars = [...document.querySelectorAll(".row[aria-selected='true'] .bar")];
    if (bars.length) zoom(Math.min(...bars.map((bar) => bar.dataset.from)), Math.max(...bars.map((bar) => bar.dataset.to ?? now())));
  },
  3: () => lately(60000),
  4: () => lately(10000),
};

function lately(length) {
  const end = pane().dataset.open === "1" ? now() : axis.at(-1)[1];
  zoom(end - length, end);
}

let drag = null;

function begin(event) {
  const ticks = event.target.closest?.(".tl .ticks");
  if (!ticks || event.button) return;
  const box = ticks.getBoundingClientRect();
  const mark = Object.assign(document.createElement("div"), { className: "drag" });
  drag = { ticks, box, mark, from: event.clientX };
  ticks.setPointerCapture(event.pointerId);
  pane().append(mark);
  stretchTo(event);
}

function stretchTo(event) {
  if (!drag) return;
  const frame = pane().getBoundingClientRect();
  const [left, right] = [drag.from, event.clientX].sort((a, b) => a - b);
  drag.mark.style.left = `${left - frame.left + pane().scrollLeft}px`;
  drag.mark.style.width = `${right - left}px`;
  drag.mark.style.height = `${pane().scrollHeight}px`;
}

function letGo() {
  drag?.mark.remove();
  drag = null;
}

function finish(event) {
  if (!drag) return;
  const { box, from } = drag;
  letGo();
  if (Math.abs(event.clientX - from) < 6) return;
  const at = (x) => instantAt(Math.min(100, Math.max(0, ((x - box.left) / box.width) * 100)));
  const [start, to] = [at(from), at(event.clientX)].sort((a, b) => a - b);
  zoom(start, to);
}

let watched = null;

function read() {
  if (pane() === watched) return;
  const isFirst = !watched;
  watched = pane();
  axis = JSON.parse(pane()?.dataset.axis ?? "[]");
  const last = axis.at(-1);
  drawnFor = last ? Math.max(1000, last[1] - last[0]) : 0;
  if (!watched) return;
  rove();
  watched.addEventListener("scroll", look, { passive: true });
  const first = windows()[0];
  if (watched.querySelector(".gap") && !watched.scrollTop && number(first, "first")) {
    const row = first.querySelector("[aria-selected='true']") ?? first.firstElementChild;
    watched.scrollTop = (number(first, "first") + [...first.children].indexOf(row) - 3) * ROW;
  } else if (isFirst) {
    // Later on the reader is somewhere, and stays there.
    const row = watched.querySelector("[aria-selected='true']");
    if (row) watched.scrollTop = row.offsetTop + 4 * ROW - watched.clientHeight;
  }
  look();
}

read();
addEventListener("keydown", (event) => {
  walk(event);
  if (event.defaultPrevented || typing(event) || !pane() || !KEYS[event.key] || !axis.length) return;
  event.preventDefault();
  KEYS[event.key]();
});
document.addEventListener("pointerdown", begin);
document.addEventListener("pointermove", stretchTo);
document.addEventListener("pointerup", finish);
document.addEventListener("pointercancel", letGo);
document.addEventListener("dblclick", (event) => event.target.closest?.(".tl .ticks") && zoom(null));
document.addEventListener("htmx:afterSwap", read);
setInterval(grow, 1000);
