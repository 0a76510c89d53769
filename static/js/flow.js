// The graph: walking by arrow keys, folding, groups, zoom, direction, and the link with the other panes.
//
// What other modules may count on (live.js patches through it):
//   #flow [data-path="<public path>"]  one element per node: .node, or the caption of a .nest; several elements
//                                      may carry the same path, and all of them are patched
//     data-s="<status>"                colours, edges and folds follow from it by CSS alone
//     svg.glyph > use                  its fragment is #s-<status>; `spin` on the svg while it is running
//     [data-word], [data-meta]         the status in words (for screen readers), the line of figures
//     [data-since] in [data-meta]      counts up by clock.js; leave it out when the node is closed
//   #flow [data-derived]               boxes without a record: their data-s follows from what is inside;
//                                      call `derive()` after a batch of patches
//   `patch(path, status, meta)`        does all this for both panes; meta is {since} or {took} in ms, or nothing,
//                                      with a {word} of WORDS where the status says too little
// A fragment swapped in by htmx is wired up again by itself.
import { duration, now } from "./clock.js";
import { typing } from "./keys.js";
import { inWords } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const WORDS = {
  success: inWords("succeeded"), running: inWords("running"), ready: inWords("queued"),
  suspended: inWords("waiting for a person"), paused: inWords("paused"), waiting: inWords("sleeping"),
  failed: inWords("failed"), tripwire: inWords("stopped by a guard"), bailed: inWords("ended early"),
  canceled: inWords("canceled"), skipped: inWords("skipped"), pending: inWords("not started"),
  event: inWords("waiting for an event"), again: inWords("waiting to try again"),
};
const ORDER = ["running", "ready", "suspended", "waiting", "paused", "failed", "tripwire", "bailed", "canceled"];
const MIN = 0.5, MAX = 2, COMFORT = 0.86;

const flow = () => $(".flow");
const shown = (element) => element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null;
const nodes = () => $$(".flow :is(.node, .cap, a.name)").filter(shown);

// Status

export function patch(path, status, meta) {
  for (const element of $$(`[data-path="${CSS.escape(path)}"]`)) {
    restate(element, status, WORDS[meta?.word ?? status] ?? status);
    const line = $("[data-meta]", element);
    if (line && meta) show(line, meta);
  }
}

function restate(element, status, words) {
  element.dataset.s = status;
  const glyph = $("svg.glyph", element);
  if (glyph) {
    const use = $("use", glyph);
    const name = status in WORDS && status !== "ready" ? status : "pending";
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#s-${name}`));
    glyph.classList.toggle("spin", status === "running");
  }
  const word = $("[data-word]", element);
  if (word) word.textContent = word.textContent.replace(/\p{L}[\p{L} ]*/u, words);
}

function show(line, { since, took, text }) {
  if (text !== undefined) return line.replaceChildren(text);
  if (took !== undefined) return line.replaceChildren(duration(took));
  if (since === undefined) return;
  const ticking = document.createElement("b");
  ticking.dataset.since = since;
  ticking.textContent = duration(Math.max(1, now() - since));
  line.replaceChildren(ticking);
}

const inside = (box) => $$("[data-path], [data-derived]", box).filter((e) => e.parentElement.closest("[data-derived]") === box && !e.closest(".caption"));

export function derive() {
  for (const box of $$(".flow [data-derived]").reverse()) {
    const found = new Set(inside(box).map((e) => e.dataset.s));
    const busy = ORDER.find((status) => found.has(status));
    const status = busy ?? (found.has("success") ? (found.has("pending") ? "running" : "success") : found.has("skipped") && found.size === 1 ? "skipped" : "pending");
    if (!box.dataset.group || ORDER.indexOf(busy) >= 0) box.dataset.s = status;
  }
}

// Zoom and fold

let zoom = null; // null fits the pane

function setZoom(value) {
  $(".flow > .seq").style.setProperty("--zoom", value.toFixed(3));
}

const measure = () => {
  setZoom(1);
  const graph = $(".flow > .seq").getBoundingClientRect();
  return { width: graph.width, height: graph.height };
};

const outline = () => getComputedStyle($(".flow > .seq")).flexDirection === "column";

function fit() {
  const pane = flow();
  if (!pane || outline()) return;
  if (!pane.dataset.asked && !pane.dataset.manual) refold(pane);
  if (zoom) return setZoom(zoom);
  const { width, height } = measure();
  const room = { width: pane.clientWidth - 52, height: pane.clientHeight - 44 };
  const tall = getComputedStyle(pane).getPropertyValue("--mode").trim() === "vertical-lr";
  const wanted = tall ? room.width / width : Math.min(room.width / width, room.height / height);
  setZoom(Math.min(1.1, Math.max(COMFORT, wanted)));
}

function refold(pane) {
  if (!$(".folds", pane)) return;
  pane.dataset.fold = "off";
  const { width, height } = measure();
  const tall = pane.clientHeight > pane.clientWidth;
  const wanted = tall ? (pane.clientHeight - 44) / height : (pane.clientWidth - 52) / width;
  pane.dataset.fold = wanted < COMFORT ? "on" : "off";
}

function centre() {
  const pane = flow();
  const target = pane && ($("[aria-current='true']", pane) ?? $(".node[data-s='running']", pane));
  if (!target || (pane.scrollWidth <= pane.clientWidth + 2 && pane.scrollHeight <= pane.clientHeight + 2)) return;
  const box = target.getBoundingClientRect(), frame = pane.getBoundingClientRect();
  pane.scrollBy(box.x + box.width / 2 - frame.x - frame.width / 2, box.y + box.height / 2 - frame.y - frame.height / 2);
}

const isSeen = (box, frame) => box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;

function step(by) {
  const current = zoom ?? Number(getComputedStyle($(".flow > .seq")).getPropertyValue("--zoom") || 1);
  zoom = by === "fit" ? null : Math.min(MAX, Math.max(MIN, current * (by === "+" ? 1.15 : 1 / 1.15)));
  for (const button of $$("[data-zoom]")) if (button.dataset.zoom === "fit") button.setAttribute("aria-pressed", String(zoom === null));
  fit();
  centre();
}

function turn(direction, link) {
  flow().dataset.dir = direction;
  for (const other of $$("[data-turn]")) other.toggleAttribute("aria-current", false);
  link.setAttribute("aria-current", "true");
  history.replaceState(history.state, "", link.href);
  for (const other of $$(".flow a[href*='?'], .row a, .side .tabs a")) retarget(other, "dir", direction);
  fit();
  centre();
}

export function retarget(link, key, value) {
  const url = new URL(link.href);
  value ? url.searchParams.set(key, value) : url.searchParams.delete(key);
  link.setAttribute("href", url.search || "?");
}

function toggleFold() {
  const pane = flow();
  pane.dataset.manual = "1";
  pane.dataset.fold = pane.dataset.fold === "on" ? "off" : "on";
  for (const item of $$(".unfolded", pane)) item.classList.remove("unfolded");
  fit();
  $("[tabindex='0']", pane)?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function unfold(pill) {
  flow().dataset.manual = "1";
  let item = pill.closest("li.folded");
  const first = item.nextElementSibling;
  while ((item = item.nextElementSibling)?.matches(".folds")) item.classList.add("unfolded");
  pill.closest("li").remove();
  rove(first && $(".node, .cap, a.name", first), true);
}

const closed = new Map(); // what a person opened or closed, kept when the fragment is fetched anew

function toggleGroup(button, to) {
  const group = button.closest(".nest");
  const close = to ?? !group.hasAttribute("data-closed");
  group.toggleAttribute("data-closed", close);
  button.setAttribute("aria-expanded", String(!close));
  closed.set(group.dataset.group, close);
}

// Walking

function rove(to, focus) {
  if (!to) return;
  for (const node of $$(".flow :is(.node, .cap, a.name)")) node.tabIndex = node === to ? 0 : -1;
  if (focus) {
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

// The nearest node in a direction on the screen, so that arrows mean what they look like in every layout.
function neighbour(from, [dx, dy]) {
  const a = from.getBoundingClientRect();
  let best = null, least = Infinity;
  for (const node of nodes()) {
    if (node === from) continue;
    const b = node.getBoundingClientRect();
    const along = dx ? dx * (b.x + b.width / 2 - a.x - a.width / 2) : dy * (b.y + b.height / 2 - a.y - a.height / 2);
    const ahead = dx > 0 ? b.left - a.right : dx < 0 ? a.left - b.right : dy > 0 ? b.top - a.bottom : a.top - b.bottom;
    if (along <= 0 || ahead < -6) continue;
    const aside = dx ? gap(a.top, a.bottom, b.top, b.bottom) : gap(a.left, a.right, b.left, b.right);
    const cost = Math.max(0, ahead) + aside * 2.2 + along * 0.1;
    if (cost < least) [best, least] = [node, cost];
  }
  return best;
}

const gap = (a1, a2, b1, b2) => Math.max(0, b1 - a2, a1 - b2);

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function next(statuses) {
  const all = nodes();
  const at = all.indexOf(document.activeElement);
  const found = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((node) => node.matches(".node") && statuses.includes(node.dataset.s));
  rove(found, true);
}

function onKey(event) {
  const isPlain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  if (isPlain && event.key in ARROWS && event.target.closest?.(".flow")) {
    event.preventDefault();
    return rove(neighbour(event.target.closest(".node, .cap, a.name") ?? event.target, ARROWS[event.key]), true);
  }
  if (typing(event) || !flow()) return;
  const group = document.activeElement?.closest?.(".nest");
  const actions = {
    f: toggleFold, 0: () => step("fit"), "+": () => step("+"), "-": () => step("-"),
    n: () => next(["failed", "tripwire", "suspended"]), ".": () => next(["running"]),
    b: () => $("#panel [data-break]")?.click(),
    "[": () => group && rove($(":scope > .caption a.name", group), true),
    "]": () => group && rove($(":scope > .inner :is(.node, a.name)", group), true),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function onClick(event) {
  const target = event.target;
  const toggle = target.closest?.("[data-toggle]");
  if (toggle) return toggleGroup(toggle), fit();
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  const pill = target.closest?.("[data-unfold]"), turned = target.closest?.("[data-turn]"), zoomed = target.closest?.("[data-zoom]");
  if (zoomed) return step(zoomed.dataset.zoom);
  if (!plain || !(pill || turned)) return;
  event.preventDefault();
  event.stopPropagation();
  if (pill) unfold(pill), fit();
  else turn(turned.dataset.turn, turned);
}

// The panes say the same

function mark() {
  const step = $("#panel")?.dataset.step;
  for (const node of $$(".flow [data-path]")) {
    const path = node.dataset.path;
    const is = step ? path === step || step.startsWith(`${path}[`) : path === "/" && step === "";
    is ? node.setAttribute("aria-current", "true") : node.removeAttribute("aria-current");
  }
  for (const row of $$(".row[data-path]")) row.setAttribute("aria-selected", String(row.dataset.path === step));
  // What was chosen in the timeline may be out of sight in the graph.
  const chosen = $(".flow [aria-current='true']");
  if (chosen && !isSeen(chosen.getBoundingClientRect(), flow().getBoundingClientRect())) centre();
}

function light(event) {
  if (event.type === "focusin") rove(event.target.closest?.(".flow :is(.node, .cap, a.name)"), false);
  for (const lit of $$(".lit")) lit.classList.remove("lit");
  const path = event.target.closest?.(".flow [data-path], .row[data-path]")?.dataset.path;
  if (path) for (const element of $$(`:is(.node, .row)[data-path="${CSS.escape(path)}"]`)) element.classList.add("lit");
}

let watched = null;
const watcher = new ResizeObserver(() => { fit(); centre(); });

function wire() {
  const pane = flow();
  if (!pane || pane === watched) return;
  for (const [path, close] of closed) {
    const button = $(`.nest[data-group="${CSS.escape(path)}"] > .caption [data-toggle]`, pane);
    if (button) toggleGroup(button, close);
  }
  watcher.disconnect();
  watcher.observe(pane);
  watched = pane;
  fit();
  centre();
  rove($("[aria-current='true']", pane) ?? $(".node", pane), false);
}

addEventListener("keydown", onKey);
document.addEventListener("click", onClick, true);
document.addEventListener("pointerover", light);
document.addEventListener("focusin", light);
document.addEventListener("htmx:afterSwap", () => { wire(); mark(); });
wire();
