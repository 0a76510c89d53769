// On a wall: go on to the next view, or load this one again. It waits while somebody uses the keyboard here, and
// while the server is away: nobody stands by a wall to bring it back from the browser's own page of errors.
const { next, every } = document.querySelector("[data-next]").dataset;
const resting = () => document.activeElement === null || document.activeElement === document.body;

async function goOn() {
  if (!resting()) return;
  const answer = await fetch(next, { method: "HEAD", signal: AbortSignal.timeout(10000) }).catch(() => null);
  if (answer && answer.status < 500 && resting()) location.replace(next);
}

setInterval(goOn, 1000 * every);
