// The question that is open stays what it is: a socket tells that it has changed, that something was said and who
// else looks, and the parts that show so are fetched anew. What is being written stays.
import { isPressed } from "./hand.js";
import { badge, clock, listen } from "./line.js";
import { inWords } from "./words.js";

const AGAIN = 1000, LATER = 10000;
const AFTER_CHANGE = ["standing", "way", "ask", "acts", "said"], AFTER_TALK = ["said"];
let send = () => {}, fetching = false, told = null, left = false, heardAt = Date.now();

const detail = () => document.getElementById("detail");

function tell() {
  send({ shown: Number(detail().dataset.shown ?? 0) });
}

function exchange(id, next) {
  const [old, fresh] = [document.getElementById(id), next.querySelector(`#${id}`)];
  if (!old) return;
  // A menu that is open stays in hand; what lies below it comes when it is closed.
  if (old.querySelector(":popover-open")) return (left = true);
  const held = old.contains(document.activeElement);
  if (!fresh) old.remove();
  // What is read out when it changes has to stay the same element.
  else if (old.matches("[role=status], [aria-live]")) old.innerHTML = fresh.innerHTML;
  else old.replaceWith(fresh);
  if (held) detail().querySelector("h2").focus({ preventScroll: true });
}

function show(next) {
  const { dataset } = detail();
  for (const id of dataset.mark === next.dataset.mark ? AFTER_TALK : AFTER_CHANGE) exchange(id, next);
  [dataset.mark, dataset.said] = [next.dataset.mark, next.dataset.said];
  if (document.getElementById("acts")) return;
  document.querySelector(".it[data-current]")?.classList.add("gone");
  // What has been decided takes no draft any more; what was written can still be read.
  delete document.getElementById("decide")?.dataset.draft;
}

async function renew() {
  const here = detail();
  fetching = true;
  const answer = await fetch(here.dataset.from, { headers: { "HX-Request": "true", "HX-Target": "detail" } }).catch(() => null);
  const holder = document.createElement("template");
  // An answer may also break off half way; then it is asked for again.
  if (answer?.ok) holder.innerHTML = await answer.text().catch(() => "");
  fetching = false;
  const next = holder.content.getElementById("detail");
  if (next && next.dataset.shown === detail().dataset.shown && !isPressed(detail())) show(next);
  setTimeout(compare, next ? AGAIN : LATER);
}

function compare() {
  const { shown, mark, said } = detail().dataset;
  if (fetching || !told || String(told.shown) !== shown) return;
  const line = document.getElementById("others");
  if (line.textContent !== told.others) line.textContent = told.others;
  if (told.mark !== mark || String(told.said) !== said) renew();
}

function take(news) {
  heardAt = Date.now();
  if (news.shown === undefined) return;
  told = news;
  compare();
}

document.addEventListener("toggle", ({ newState }) => {
  if (!left || newState !== "closed") return;
  left = false;
  detail().dataset.mark = "";
  compare();
}, true);
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id === "detail") tell();
  if (target.id !== "talk") return;
  // One's own remark came with the answer.
  detail().dataset.said = target.dataset.said;
  document.getElementById("remark").focus({ preventScroll: true });
});
listen({
  address: () => "/ws/approvals/",
  opened: (say) => {
    send = say;
    badge("live", inWords("Live"));
    tell();
  },
  heard: take,
  lost: () => {
    send = () => {};
    badge("late", inWords("Reconnecting, last news {at}", { at: clock(heardAt) }));
  },
  ended: (words) => {
    told = null;
    badge("late", words);
  },
});
