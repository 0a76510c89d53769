// The live lane of one run: a socket that says what changed since a seq, applied to the page as it stands.
//
// Deltas are patched in one animation frame. When the shape of a fragment changed, that fragment is fetched
// again, at most so often that the server has more time to rest than to draw. The page never believes the
// line more than the journal: every connection begins at the seq that the page shows.
import "./answer.js";
import { isWritten } from "./draft.js";
import { derive, patch } from "./flow.js";
import { isPressed } from "./hand.js";
import { badge as show, clock, listen } from "./line.js";
import { elsewhere, grown } from "./scrub.js";
import { close, firstRow, open } from "./timeline.js";
import { wished } from "./wish.js";
import { inWords } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const run = document.body.dataset.run;
const base = `/runs/${run.split("/").map(encodeURIComponent).join("/")}/`;
const TERMINAL = ["success", "failed", "canceled", "bailed", "tripwire"];
const FAVICONS = { ready: "running", paused: "suspended", bailed: "success", tripwire: "failed" };
const WITH_FAVICON = ["success", "running", "suspended", "waiting", "failed"];
const PARTS = ["head", "flow", "timeline", "panel"];
const POLL = 2000, PATIENCE = 30000, SAY_EVERY = 5000, SETTLE = 150, REST = 8, REST_MOST = 3000, REST_HIDDEN = 5000;

let seq = Number(document.body.dataset.seq);
let heardAt = Date.now();
let polling = 0, isAsking = false, stopped = false;

// The badge

let state = "still", words = inWords("Connecting");

function badge(to = state, text = words) {
  [state, words] = [to, text];
  const ended = state === "live" && TERMINAL.includes($("#head")?.dataset.s);
  ended ? show("over", inWords("Finished")) : show(state, words);
}

const lost = () => badge("late", inWords("Reconnecting, last event {at}", { at: clock(heardAt) }));

// What screen readers hear: what happened in the last seconds, in one sentence.
const voice = Object.assign(document.createElement("p"), { className: "vh" });
voice.setAttribute("role", "status");
document.body.append(voice);
let done = new Set(), asking = "", saidAt = 0, saying = 0;

function tell(path, status) {
  if (status === "success") done.add(path);
  if (status === "suspended") asking = path;
  if ((done.size || asking) && !saying) saying = setTimeout(say, Math.max(0, saidAt + SAY_EVERY - Date.now()));
}

function say() {
  const n = done.size;
  const steps = n ? (n === 1 ? inWords("1 step done") : inWords("{n} steps done", { n })) : "";
  voice.textContent = [steps, asking && inWords("{step} waits for a person", { step: asking })].filter(Boolean).join(", ");
  [done, asking, saidAt, saying] = [new Set(), "", Date.now(), 0];
}

// Deltas

let pending = new Map();
let lately = new Map(); // the last delta of each path, while a fragment on its way may not have it in it
let drawnAt = seq; // what the timeline has in it

// `from` is the seq that the frame goes on from. What the timeline has already, or another line has told, has its bars.
function take(frame, from) {
  heardAt = Date.now();
  if (frame.beat !== undefined) return;
  if (frame.shape) return refetch(frame.shape);
  const again = from < Math.max(seq, drawnAt);
  if (frame.part) return gather(frame.part, again);
  if (!(frame.seq > seq)) return;
  if (frame.catchup) {
    badge("late", inWords("Catching up"));
    for (const part of PARTS) refetch(part);
  } else gather(frame.e ?? [], again);
  seq = frame.seq;
  document.body.dataset.seq = seq;
  grown(seq);
}

function gather(deltas, again) {
  if (document.hidden) return skip(deltas);
  if (again && deltas.length) refetch("timeline");
  if (!pending.size && deltas.length) requestAnimationFrame(apply);
  for (const [at, path, status, , extra] of deltas) {
    const before = pending.get(path)?.bars ?? [];
    pending.set(path, { at, status, extra, bars: again ? before : [...before, ...extra.bars] });
  }
}

// No frame is drawn while nobody looks: what happens meanwhile is fetched as a whole once somebody does.
function skip(deltas) {
  if (!deltas.length) return;
  for (const name of ["flow", "timeline"]) parts[name].due = true;
  const shown = $("#panel")?.dataset.step;
  if (deltas.some(([, path]) => path === shown)) parts.panel.due = true;
}

function apply() {
  const deltas = pending;
  pending = new Map();
  if (elsewhere()) return;
  const shown = $("#panel")?.dataset.step;
  // Most of a long run has no element here.
  const here = new Set([...document.querySelectorAll("[data-path]")].map(({ dataset }) => dataset.path));
  const isFetching = Object.values(parts).some((part) => part.busy);
  for (const [path, { at, status, extra, bars }] of deltas) {
    tell(path, status);
    if (path === shown) refetch("panel");
    if (isFetching) lately.set(path, { at, status, extra });
    if (!here.has(path)) continue;
    patch(path, status, extra);
    for (const [op, kind, when] of bars) op === "o" ? open(path, kind, when) : close(path, when, kind);
  }
  derive();
}

// Fragments

const parts = Object.fromEntries(PARTS.map((name) => [name, { due: false, busy: false, timer: 0, restedAt: 0, cost: 0 }]));
// Somebody is filling in the answer; perhaps they began before this module came.
let touched = [...document.querySelectorAll("#panel form")].some(isWritten);

function refetch(name) {
  if (elsewhere() && name !== "head") return;
  parts[name].due = true;
  plan(name, SETTLE);
}

function plan(name, least) {
  const part = parts[name];
  // The head says in the title and the icon how it stands, also where nobody looks at the page itself.
  if (part.timer || part.busy || stopped || (document.hidden && name !== "head")) return;
  const rest = part.restedAt + (document.hidden ? REST_HIDDEN : Math.min(REST * part.cost, REST_MOST)) - Date.now();
  part.timer = setTimeout(() => fetchPart(name), Math.max(least, rest));
}

// What a person has in hand stays: an open dialog, a button that is pressed, an answer half written.
function held(name) {
  return wished() || isPressed($(`#${name}`)) || $(`#${name} :popover-open, #${name} dialog[open]`) || (name === "panel" && touched);
}

async function fetchPart(name) {
  const part = parts[name];
  part.timer = 0;
  if (!part.due || !$(`#${name}`)) return;
  if (elsewhere() && name !== "head") return; // it comes with the way back to now
  if (held(name)) {
    if (name === "panel" && touched) warn();
    return plan(name, 1000);
  }
  Object.assign(part, { due: false, busy: true, came: false, asked: location.search });
  const begun = Date.now();
  await window.htmx.ajax("GET", addressOf(name), { source: `#${name}`, target: `#${name}`, select: `#${name}`, swap: "outerHTML show:none" }).catch(() => {});
  Object.assign(part, { busy: false, cost: Date.now() - begun, restedAt: Date.now() });
  if (!Object.values(parts).some((other) => other.busy)) lately = new Map();
  if (part.due) plan(name, SETTLE);
  else if (!part.came) part.due = true; // the server may be away: with its next sign of life
}

function catchUp() {
  for (const name of PARTS) if (parts[name].due) plan(name, SETTLE);
}

// The timeline is fetched with the tab that is open and at the row that is looked at.
function addressOf(name) {
  const asked = new URLSearchParams(location.search);
  const row = name === "timeline" ? firstRow() : null;
  if (row !== null) asked.set("row", row);
  const tab = name === "timeline" ? $("#timeline").dataset.tab : "";
  return `${base}${tab && tab !== "steps" ? tab : name}/?${asked}`;
}

// Somebody else may have answered while a person still writes: what they wrote stays, and they are told.
function warn() {
  const form = $("#panel form");
  if (!form || $(".changed", form.parentElement)) return;
  const note = Object.assign(document.createElement("p"), { className: "notice changed" });
  note.dataset.s = "suspended";
  note.setAttribute("role", "status");
  const link = Object.assign(document.createElement("a"), { className: "link", href: location.href, textContent: inWords("show it as it is now") });
  note.append(inWords("This step has changed while you were writing. What you wrote is kept."), " ", link);
  form.before(note);
}

// A swap must not move what a person looks at.
const SCROLLED = { flow: ".flow", timeline: ".tl", panel: "#panel .body" };
const kept = {};

function keep(event) {
  const name = event.detail.target?.id;
  const path = event.detail.pathInfo?.requestPath ?? "";
  if (!PARTS.includes(name) || !path.startsWith(base)) return;
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status === 404) end("over", inWords("Deleted"));
    if (event.detail.xhr.status === 403) end("late", inWords("You may not look at this any more"));
    return;
  }
  // What a person asked for comes; what comes by itself waits, or is not wanted any more.
  const isOld = parts[name].asked !== location.search || (elsewhere() && name !== "head");
  if (!event.detail.boosted && (isOld || held(name))) {
    event.detail.shouldSwap = false;
    parts[name].due = true;
    return;
  }
  const pane = SCROLLED[name] && $(SCROLLED[name]);
  const focused = document.activeElement?.closest?.(`#${name} [data-path], #${name} a[href], #${name} button, #${name} h2[id]`);
  kept[name] = {
    scroll: pane && [pane.scrollLeft, pane.scrollTop],
    atEnd: pane && $(".said", pane) && pane.scrollHeight - pane.scrollTop - pane.clientHeight < 4,
    href: focused?.getAttribute("href"),
    path: focused?.dataset.path,
    key: focused?.dataset.key,
    id: focused?.id,
    toggle: focused?.matches("button") ? focused.textContent : undefined,
    seq: Number(event.detail.xhr.getResponseHeader("Run-Seq")),
  };
}

function restore(event) {
  const name = event.detail.target?.id || event.detail.elt?.id;
  if (PARTS.includes(name)) parts[name].came = true;
  if (name === "panel") touched = false;
  if (name === "head") announce();
  const before = kept[name];
  if (!before) return;
  delete kept[name];
  if (name === "timeline" && before.seq) drawnAt = before.seq;
  const pane = SCROLLED[name] && $(SCROLLED[name]);
  if (pane && before.scroll) pane.scrollTo(...before.scroll);
  if (pane && before.atEnd) pane.scrollTop = pane.scrollHeight; // a text that grows is followed
  const again = before.toggle
    ? [...document.querySelectorAll(`#${name} button`)].find((button) => button.textContent === before.toggle)
    : before.key
      ? $(`#${name} [data-key="${CSS.escape(before.key)}"]`)
      : before.path
      ? $(`#${name} a[data-path="${CSS.escape(before.path)}"]`)
      : before.id ? document.getElementById(before.id) : before.href && $(`#${name} a[href="${CSS.escape(before.href)}"]`);
  if (again) again.focus({ preventScroll: true });
  const missing = [...lately].filter(([, delta]) => delta.at > before.seq);
  for (const [path, { status, extra }] of missing) patch(path, status, extra);
  if (missing.length) derive();
  if (missing.length && name === "timeline") refetch("timeline");
}

function announce() {
  badge();
  const status = $("#head").dataset.s;
  const word = $("#head [data-word]")?.textContent.toLowerCase();
  if (word) document.title = document.title.replace(/^.*? · /, `${word} · `);
  const icon = $("link[rel='icon']");
  const name = FAVICONS[status] ?? status;
  icon.href = icon.href.replace(/favicon[^/]*\.svg/, WITH_FAVICON.includes(name) ? `favicon-${name}.svg` : "favicon.svg");
}

// The line

let from = seq; // what the next frame on the socket goes on from

function address() {
  from = seq;
  return `/ws${base}?after=${seq}`;
}

function heard(frame) {
  stopPolling();
  if (state !== "live") badge("live", inWords("Live"));
  take(frame, from);
  if (frame.seq) from = frame.seq;
  catchUp();
}

function missed(failures) {
  if (!polling) lost();
  if (failures >= 3) startPolling();
}

function end(to, text) {
  stopped = true;
  stopPolling();
  line.stop();
  badge(to, text);
}

function startPolling() {
  if (!polling && !stopped) polling = setInterval(poll, POLL);
}

function stopPolling() {
  clearInterval(polling);
  polling = 0;
}

async function poll() {
  if (document.hidden || isAsking) return;
  const after = seq;
  isAsking = true;
  try {
    const headers = { accept: "application/json" };
    const answer = await fetch(`${base}frames/?after=${after}`, { headers, signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status === 404) return end("over", inWords("Deleted"));
    if (answer.redirected || answer.status === 403) return end("late", inWords("You may not look at this any more"));
    const { frames } = await answer.json();
    if (!polling) return;
    badge("live", inWords("Live, asking every 2 s"));
    heardAt = Date.now();
    for (const frame of frames) take(frame, after);
    catchUp();
  } catch {
    if (polling) lost();
  } finally {
    isAsking = false;
  }
}

document.addEventListener("htmx:beforeSwap", keep);
document.addEventListener("htmx:afterSwap", restore);
document.addEventListener("moment:live", () => { for (const name of PARTS) refetch(name); });
document.addEventListener("timeline:stale", () => refetch("timeline"));
document.addEventListener("input", (event) => { if (event.target.closest("#panel form")) touched = true; });
document.addEventListener("click", (event) => { if (event.target.closest?.("#panel form :is(.add, .rm)")) touched = true; });
document.addEventListener("submit", (event) => { if (event.target.closest("#panel")) touched = false; });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const name of PARTS) if (parts[name].due) plan(name, 0);
});
addEventListener("pageshow", (event) => { if (event.persisted && !touched) location.reload(); });
badge();
const line = listen({ address, heard, lost: missed, ended: (words, isGone) => end(isGone ? "over" : "late", words) });
