// The list of runs: rows that are shown are patched where they stand, new runs are announced and never pushed
// under the reader; x selects the focused row, and the bar says what is selected.
import "./clock.js";
import { whenFree } from "./hand.js";
import { typing } from "./keys.js";
import { badge, clock, listen } from "./line.js";
import { inWords } from "./words.js";

const $ = (selector, root = document) => root.querySelector(selector);
const rows = () => [...document.querySelectorAll("tr[data-id]")];
const links = (row) => [...row.querySelectorAll("a, input")];
const rowOf = (id) => $(`tr[data-id="${CSS.escape(id)}"]`);
let heardAt = Date.now();

function patch(id, text) {
  const row = rowOf(id);
  if (!row) return;
  const holder = document.createElement("template");
  holder.innerHTML = text;
  const next = $("tr", holder.content);
  const [before, after] = [$("[name=run]", row), $("[name=run]", next)];
  if (after) after.checked = before?.checked;
  const at = links(row).indexOf(document.activeElement);
  row.replaceWith(next);
  if (at >= 0) links(next)[at]?.focus({ preventScroll: true });
}

function drop(id) {
  const row = rowOf(id);
  if (!row) return;
  row.classList.add("gone");
  row.removeAttribute("data-id");
  $("[name=run]", row)?.remove();
  $(".word", row).textContent = inWords("deleted");
}

function announce({ fresh, words }) {
  const line = $("#fresh");
  if (!fresh) return line.replaceChildren();
  const link = $("a", line) ?? line.appendChild(document.createElement("a"));
  const address = new URL(location.href);
  for (const name of ["older", "newer"]) address.searchParams.delete(name);
  Object.assign(link, { className: "btn small", href: address, textContent: words });
}

function take(news) {
  heardAt = Date.now();
  if (news.beat !== undefined) return;
  for (const [id, text] of Object.entries(news.rows)) whenFree(rowOf(id), () => patch(id, text));
  news.gone.forEach(drop);
  announce(news);
}

function introduce(send) {
  badge("live", inWords("Live"));
  const shown = Object.fromEntries(rows().map((row) => [row.dataset.id, Number(row.dataset.seq)]));
  send({ rows: shown, query: location.search, top: document.body.dataset.top, bulk: Boolean($("#bulk")) });
}

const lost = () => badge("late", inWords("Reconnecting, last news {at}", { at: clock(heardAt) }));

const form = $("#picking");

function count() {
  const picked = form.querySelectorAll("[name=run]:checked").length;
  const all = $("[name=all]", form)?.checked;
  const bar = $("#bulk");
  if (!bar) return;
  bar.hidden = !picked && !all;
  $("[data-picked]", bar).textContent = all ? inWords("all that match") : inWords("{n} selected", { n: picked });
  const every = $("[data-pick-all]", form);
  const boxes = form.querySelectorAll("[name=run]").length;
  [every.checked, every.indeterminate] = [picked > 0 && picked === boxes, picked > 0 && picked < boxes];
}

form?.addEventListener("change", ({ target }) => {
  if (target.matches("[data-pick-all]")) for (const box of form.querySelectorAll("[name=run]")) box.checked = target.checked;
  count();
});

addEventListener("keydown", (event) => {
  if (event.key !== "x" || typing(event)) return;
  const box = $("[name=run]", document.activeElement?.closest("tr[data-id]") ?? form);
  if (!box || !form.contains(document.activeElement)) return;
  event.preventDefault();
  box.click();
});

if (form) count();
if ($("#live")) listen({ address: () => "/ws/runs/", opened: introduce, heard: take, lost, ended: (words) => badge("late", words) });
