// What is typed into a form is kept in this browser until it is sent, so that a reload loses nothing. Secrets and
// files are not kept. The server draws the form anew from a draft, as only it knows which rows there were.
import { withQuery } from "./check.js";

const REST = 400, LARGEST = 500000, DAYS = 7 * 86400e3;
const PREFIX = "draft:";
let timer = 0, writing = null;

const isKept = (form, name) => {
  const field = form.querySelector(`[name="${CSS.escape(name)}"]`);
  return name !== "csrfmiddlewaretoken" && !field?.matches("[type=password], [data-unkept]") && !field?.closest(".f")?.querySelector("[type=file]");
};

function keep(form) {
  const entries = [...new FormData(form)].filter(([name, text]) => typeof text === "string" && isKept(form, name));
  const text = JSON.stringify({ at: Date.now(), entries });
  try {
    if (text.length < LARGEST) localStorage.setItem(PREFIX + form.dataset.keep, text);
  } catch { /* the browser keeps nothing for us */ }
}

function read(key) {
  try {
    const draft = JSON.parse(localStorage.getItem(key));
    if (draft && Date.now() - draft.at < DAYS) return draft;
    localStorage.removeItem(key);
  } catch { /* as above */ }
  return null;
}

// Whether a field is not as it came with the page.
function isChanged(field) {
  if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  return /^(radio|checkbox)$/.test(field.type) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
}

// A button has a value, too, but nobody writes it.
const changedIn = (form) => [...(form?.elements ?? [])].filter((field) => field.name && !/^(hidden|submit|button)$/.test(field.type) && isChanged(field));

export const isWritten = (form) => changedIn(form).length > 0;

// What is kept, under what somebody typed before this module came or while the answer was on its way.
function merged(draft, form) {
  const values = {};
  for (const [name, text] of draft.entries) (values[name] ??= []).push(text);
  for (const { name } of changedIn(form)) values[name] = new FormData(form).getAll(name);
  return values;
}

async function restore(form, draft) {
  const source = form.querySelector("[data-form]");
  const typed = () => JSON.stringify(changedIn(form).map(({ name, value, checked }) => [name, value, checked]));
  const values = merged(draft, form), before = typed();
  const isOurs = ({ detail }) => (detail.path ?? detail.pathInfo.requestPath).includes("restore=1");
  // What the draft does not have, such as a box that is not ticked, is not to come from the page.
  const only = (event) => isOurs(event) && Object.keys(event.detail.parameters).forEach((name) => name in values || delete event.detail.parameters[name]);
  let isLate = false;
  const drop = (event) => {
    isLate = isOurs(event) && typed() !== before;
    if (isLate) event.preventDefault();
  };
  form.addEventListener("htmx:configRequest", only);
  form.addEventListener("htmx:beforeOnLoad", drop);
  await htmx.ajax("POST", withQuery(source.getAttribute("hx-post"), { restore: 1 }), { source, values, swap: "none" });
  form.removeEventListener("htmx:configRequest", only);
  form.removeEventListener("htmx:beforeOnLoad", drop);
  if (isLate) return restore(form, draft);
  for (const [name, texts] of Object.entries(values)) {
    const own = form.querySelector(`:scope > [name="${CSS.escape(name)}"]`);
    if (own) own.value = texts.at(-1);
  }
  const line = form.querySelector("[data-drafted]");
  line.querySelector("time").textContent = new Date(draft.at).toLocaleString();
  line.hidden = false;
}

// The run that a draft was for is on the page: it was sent.
function forgetSent() {
  const run = document.body.dataset.run;
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
    const sent = read(key)?.entries.some(([name, text]) => name === "run" && text === run);
    if (run && sent) localStorage.removeItem(key);
  }
}

function later(form) {
  if (writing !== form) flush();
  writing = form;
  clearTimeout(timer);
  timer = setTimeout(flush, REST);
}

function flush() {
  clearTimeout(timer);
  if (writing) keep(writing);
  writing = null;
}

document.addEventListener("input", ({ target }) => {
  const form = target.closest?.("form[data-keep]");
  if (form) later(form);
});
document.addEventListener("click", ({ target }) => {
  const form = target.closest?.("form[data-keep]");
  if (!form) return;
  if (target.closest("[data-forget]")) {
    writing = null;
    localStorage.removeItem(PREFIX + form.dataset.keep);
    location.reload();
  } else if (target.closest(".add, .rm")) later(form);
});
addEventListener("pagehide", flush);

forgetSent();
for (const form of document.querySelectorAll("form[data-keep][data-fresh]")) {
  const draft = read(PREFIX + form.dataset.keep);
  if (draft) restore(form, draft);
}
