// Time that passes on the page: [data-since] counts up, [data-until] counts down, both in milliseconds since
// the epoch. The words are those of the server's `duration`.
const body = document.body;
// When the page came, which may be long before this module did.
const came = performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart ?? performance.now());
const offset = body.dataset.now ? Number(body.dataset.now) - came : 0;

// The server's time, so that a wrong clock in the browser shows no nonsense.
export const now = () => Date.now() + offset;

const two = (n) => String(n).padStart(2, "0");

export function duration(ms) {
  if (ms < 1) return "<1 ms";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9995) return `${Number((ms / 1000).toPrecision(3))} s`;
  const s = Math.round(ms / 1000);
  const pair = (big, unit, rest, small) => (rest === "00" || rest === "0" ? `${big} ${unit}` : `${big} ${unit} ${rest} ${small}`);
  if (s >= 86400) return pair(Math.floor(s / 86400), "d", String(Math.floor((s % 86400) / 3600)), "h");
  if (s >= 3600) return pair(Math.floor(s / 3600), "h", two(Math.floor((s % 3600) / 60)), "m");
  if (s >= 60) return pair(Math.floor(s / 60), "m", two(s % 60), "s");
  return `${s} s`;
}

function say(element, ms) {
  const words = duration(ms < 10000 ? Math.floor(ms / 100) * 100 : ms);
  if (element.textContent !== words) element.textContent = words;
}

function tick() {
  if (document.hidden) return;
  const at = now();
  // What shows a moment of the past stands still.
  const still = document.querySelector(".past[data-at] ~ .work");
  for (const e of document.querySelectorAll("[data-since]")) if (!still?.contains(e)) say(e, Math.max(100, at - e.dataset.since));
  for (const e of document.querySelectorAll("[data-until]")) if (!still?.contains(e)) say(e, Math.max(0, e.dataset.until - at));
}

setInterval(tick, 1000);
