// Fragments that are fetched again every so often: [data-refresh] is the pause in seconds, [data-from] the
// address. What a person has open or focused in one stays so. Nothing is fetched while nobody looks.
import { isPressed } from "./hand.js";
import { badge, clock } from "./line.js";
import { inWords } from "./words.js";

const read = new Map(); // when each was fetched last; while it is being fetched, never
const texts = new Map(); // what each was drawn from
const opened = Date.now(), PATIENCE = 30000;
let lost = 0;

let heardAt = Date.now();

const mark = (one) => one.getAttribute("href") ?? `${one.name}=${one.value}`;

function swap(old, text) {
  // What is the same stays, and with it what somebody has selected or points at.
  if (texts.get(old.id) === text || isPressed(old) || old.querySelector(":popover-open")) return;
  texts.set(old.id, text);
  const holder = document.createElement("template");
  holder.innerHTML = text;
  const next = holder.content.firstElementChild;
  if (!next) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const open = [...old.querySelectorAll("details")].map((one) => one.open);
  next.querySelectorAll("details").forEach((one, at) => (one.open = open[at] ?? one.open));
  old.replaceWith(next);
  const same = focused && [...next.querySelectorAll(focused.localName)].find((one) => mark(one) === mark(focused));
  same?.focus({ preventScroll: true });
}

async function fetchPart(part) {
  read.set(part.id, Infinity);
  try {
    const answer = await fetch(part.dataset.from, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE) });
    if (answer.redirected || answer.status === 403) return badge("late", inWords("You may not look at this any more"));
    if (!answer.ok) throw new Error(answer.statusText);
    if (part.isConnected) swap(part, await answer.text());
    [heardAt, lost] = [Date.now(), 0];
    badge("live", inWords("Live"));
  } catch {
    lost += 1;
    badge("late", inWords("Reconnecting, last news {at}", { at: clock(heardAt) }));
  }
  read.set(part.id, Date.now());
}

function look() {
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const pause = 1000 * part.dataset.refresh * 2 ** Math.min(lost, 4);
    if (Date.now() - (read.get(part.id) ?? opened) >= pause) fetchPart(part);
  }
}

setInterval(look, 500);
document.addEventListener("visibilitychange", look);
badge("live", inWords("Live"));
