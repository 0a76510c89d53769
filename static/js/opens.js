// The page of a workflow: how many open runs are on each step, asked every two seconds while somebody looks.
import { inWords } from "./words.js";

const flow = document.querySelector("[data-open]");
const lines = new Map([...flow.querySelectorAll("[data-path] [data-meta]")].map((line) => [line.closest("[data-path]").dataset.path, line]));
const resting = new Map(); // what a line says when no run is there
let isFirst = true, isAsking = false;

async function ask() {
  if (document.hidden || isAsking) return;
  isAsking = true;
  const answer = await fetch(flow.dataset.open, { signal: AbortSignal.timeout(30000) }).finally(() => (isAsking = false));
  const { open } = await answer.json();
  for (const [path, line] of lines) {
    if (open[path] && !resting.has(path)) resting.set(path, isFirst ? inWords("none open") : line.textContent);
    const words = open[path] ?? resting.get(path) ?? line.textContent;
    if (line.textContent !== words) line.textContent = words;
  }
  isFirst = false;
}

const look = () => ask().catch(() => {});
look();
setInterval(look, 2000);
