// A socket that comes again by itself: later and later while it fails, at once when somebody looks at the page or the
// network is back. The server beats every 15 s, so a line that is silent is dead; a handshake that nobody answers,
// as behind some proxies, is given up sooner.
import { inWords } from "./words.js";

const FORBIDDEN = 4403, GONE = 4404;
const SILENCE = 32000, HANDSHAKE = 10000, LONGEST = 15000;

export const clock = (at) => new Date(at).toLocaleTimeString([], { hour12: false });

export function badge(state, words) {
  const live = document.getElementById("live");
  if (!live) return;
  live.dataset.state = state;
  const line = live.querySelector("span");
  if (line.textContent !== words) line.textContent = words;
}

// `address()` is asked anew for each connection; `opened(send)`, `heard(news)` and `lost(failures)` say what happens
// on it; `ended(words, isGone)` that it is over for good.
export function listen({ address, opened = () => {}, heard, lost = () => {}, ended = () => {} }) {
  let socket = null, failures = 0, retry = 0, begunAt = 0, signAt = 0, over = false;

  function connect() {
    clearTimeout(retry);
    if (over || socket) return;
    const made = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${address()}`);
    socket = made;
    begunAt = signAt = Date.now();
    made.onopen = () => opened((words) => made.send(JSON.stringify(words)));
    made.onmessage = ({ data }) => socket === made && take(JSON.parse(data));
    made.onclose = ({ code }) => socket === made && miss(code);
  }

  function take(news) {
    signAt = Date.now();
    // The first beat comes with the line; a line that is cut right after it is not a good one.
    if (news.beat === undefined || signAt - begunAt > HANDSHAKE) failures = 0;
    heard(news);
  }

  function miss(code) {
    socket = null;
    if (code === GONE || code === FORBIDDEN) {
      stop();
      return ended(inWords(code === GONE ? "Deleted" : "You may not look at this any more"), code === GONE);
    }
    failures += 1;
    lost(failures);
    retry = setTimeout(connect, Math.min(LONGEST, 400 * 2 ** failures) * (0.5 + Math.random()));
  }

  function watch() {
    if (!socket || Date.now() - signAt < (socket.readyState === WebSocket.CONNECTING ? HANDSHAKE : SILENCE)) return;
    const silent = socket;
    miss();
    silent.close();
  }

  function stop() {
    over = true;
    clearTimeout(retry);
    const open = socket;
    socket = null;
    open?.close();
  }

  addEventListener("online", connect);
  document.addEventListener("visibilitychange", () => document.hidden || connect());
  setInterval(watch, 5000);
  connect();
  return { stop };
}
