// An answer half written is kept by the server while it is written, wherever a question stands with its form.
import { isWritten } from "./draft.js";

const SETTLE = 400, REST = 2000, MOMENT = 60000, MOST_AT_LAST = 60000;
const PANES = ["detail", "panel"], LAST = "last:";
let kept = "", keptAt = 0, timer = 0, sending = Promise.resolve(), underway = 0, next = null, leavingAt = Infinity;

const answer = () => document.querySelector("#decide[data-draft]");
const written = (form) => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));

function keep(keepalive = false) {
  const form = answer();
  const text = form && written(form).toString();
  if (!text || text === kept) return;
  [kept, keptAt] = [text, Date.now()];
  const line = document.querySelector("[data-drafted]");
  // One after the other, so that an older draft does not come last. A page that is left cannot wait.
  sending = keepalive ? send(form.dataset.draft, text, line, true) : sending.then(() => send(form.dataset.draft, text, line));
}

async function send(address, text, line, keepalive = false) {
  underway += 1;
  const came = await fetch(address, {
    method: "POST",
    headers: { "HX-Request": "true", "content-type": "application/x-www-form-urlencoded" },
    body: text,
    keepalive: keepalive && text.length < MOST_AT_LAST,
  }).catch(() => null);
  underway -= 1;
  if (!came?.ok && kept === text) kept = "";
  if (!came && answer()?.dataset.draft === address && isWritten(answer())) later();
  // Where it was not kept, the server says why.
  const words = came?.headers.get("content-type")?.startsWith("text/plain") && (await came.text().catch(() => ""));
  line.textContent = words || (came?.ok ? line.dataset.kept : line.dataset.lost);
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(flush, Math.max(SETTLE, keptAt + REST - Date.now()));
}

// Who goes on to another question, or away, has not waited for the draft to be kept.
function flush(keepalive) {
  if (timer) keep(keepalive === true);
  forget();
}

// Leaving ends what is under way, whether the server has heard of it or not. And what came since the next page was
// asked for may have come after that was drawn.
function leave() {
  flush(true);
  if ((underway || keptAt >= leavingAt) && answer()) hold(answer().dataset.draft, kept);
}

function forget() {
  clearTimeout(timer);
  timer = 0;
}

function hold(address, text) {
  try {
    sessionStorage.setItem(LAST + address, JSON.stringify({ at: Date.now(), text }));
  } catch { /* the browser keeps nothing for us */ }
}

// A page that is loaded again at once is drawn before what was sent last has come, or has failed to.
async function takeUp() {
  const key = LAST + answer().dataset.draft;
  const { at, text } = JSON.parse(sessionStorage.getItem(key) ?? "{}");
  sessionStorage.removeItem(key);
  if (!text || Date.now() - at > MOMENT || isDrawn(text)) return;
  await send(answer().dataset.draft, text, document.querySelector("[data-drafted]"));
  await drawAnew();
}

// Only the pane: a page that is loaded anew hears nobody until its scripts have come.
async function drawAnew() {
  const page = await (await fetch(location)).text();
  if (isWritten(answer())) return;
  const { id } = answer().closest(PANES.map((one) => `#${one}`).join());
  htmx.swap(`#${id}`, page, { swapStyle: "outerHTML" }, { select: `#${id}` });
}

function isDrawn(text) {
  const fields = (pairs) => JSON.stringify([...pairs].filter(([name]) => name !== "csrfmiddlewaretoken"));
  return fields(new URLSearchParams(text)) === fields(written(answer()));
}

// What is shown next may be the question again, which is drawn from its draft. Of several wishes the last one counts.
function wait(event) {
  if (!isPane(event) || !underway) return;
  event.preventDefault();
  const go = next = event.detail.issueRequest;
  sending.then(() => { if (next === go) go(true); });
}

const isPane = ({ detail, target }) => PANES.includes((detail.target ?? target)?.id);

document.addEventListener("input", (event) => event.target.closest?.("#decide[data-draft]") && later());
document.addEventListener("submit", (event) => event.target.id === "decide" && forget());
document.addEventListener("htmx:confirm", wait);
document.addEventListener("htmx:beforeSwap", (event) => isPane(event) && flush());
document.addEventListener("htmx:afterSettle", (event) => { if (isPane(event)) kept = ""; });
addEventListener("beforeunload", () => { leavingAt = underway ? 0 : Date.now(); });
addEventListener("pagehide", leave);
if (isWritten(answer())) later();
else if (answer()) takeUp().catch(() => {});
