// Forms made from schemas, with less waiting: rows come and go without the server, a chip is made by Enter,
// a moment takes the reader's zone. Without this module the same buttons send the form and get it back.
import "./check.js";
import "./draft.js";

const PLACEHOLDER = "__i__";

function renumber(node, from, to) {
  for (const element of node.querySelectorAll("*")) {
    for (const attribute of element.attributes) {
      if (attribute.value.includes(from)) attribute.value = attribute.value.replaceAll(from, to);
    }
    if (element instanceof HTMLTemplateElement) renumber(element.content, from, to);
  }
}

const entries = (list) => [...list.querySelectorAll("[data-entry]")].filter((entry) => entry.closest("[data-list]") === list);
const nextNumber = (list) =>
  Math.max(-1, ...entries(list).map((entry) => Number(entry.dataset.entry.split(".").pop())).filter(Number.isInteger)) + 1;

function addEntry(list) {
  const name = list.dataset.list;
  const template = list.querySelector(":scope > template");
  const made = template.content.cloneNode(true);
  renumber(made, `${name}.${PLACEHOLDER}`, `${name}.${nextNumber(list)}`);
  const entry = made.querySelector("[data-entry]");
  list.querySelector("ol").append(made);
  markAsSet(list);
  return entry;
}

function removeEntry(entry) {
  const list = entry.closest("[data-list]");
  const all = entries(list);
  const neighbour = all[all.indexOf(entry) + 1] ?? all[all.indexOf(entry) - 1];
  entry.remove();
  markAsSet(list);
  const next = neighbour?.querySelector("button.rm") ?? list.querySelector("[data-draft], button.add");
  next?.focus();
}

function removeFile(kept) {
  const picker = kept.parentElement.querySelector("input[type=file]");
  kept.remove();
  picker.focus();
}

// A list that was touched is an answer even when it is empty.
function markAsSet(list) {
  if (list.querySelector(":scope > input[type=hidden]")) return;
  const mark = document.createElement("input");
  Object.assign(mark, { type: "hidden", name: `${list.dataset.list}.__set`, value: "1" });
  list.append(mark);
}

function addChip(draft) {
  if (!draft.value.trim()) return;
  const chip = addEntry(draft.closest("[data-list]"));
  chip.querySelector("input").value = draft.value.trim();
  draft.value = "";
  draft.focus();
}

function onClick(event) {
  const button = event.target.closest?.("[data-form] button.add, [data-form] button.rm");
  if (!button) return;
  event.preventDefault();
  if (button.parentElement.matches(".kept")) return removeFile(button.parentElement);
  if (button.matches(".rm")) return removeEntry(button.closest("[data-entry]"));
  const list = button.closest("[data-list]");
  const draft = list.querySelector(":scope > .chips > [data-draft]");
  if (draft) return draft.value.trim() ? addChip(draft) : draft.focus();
  addEntry(list).querySelector("input:not([type=hidden]), textarea, select")?.focus();
}

function onKeydown(event) {
  const input = event.target;
  if (!input.matches?.("[data-form] .chips input") || event.isComposing) return;
  const draft = input.matches("[data-draft]");
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    if (draft) addChip(input);
    else input.closest("[data-list]").querySelector("[data-draft]")?.focus();
  }
  const last = draft && !input.value ? entries(input.closest("[data-list]")).pop() : null;
  if (event.key === "Backspace" && last) {
    event.preventDefault();
    removeEntry(last);
    input.focus();
  }
}

// The offset depends on the day, because of summer time.
function offsetAt(local) {
  const minutes = -new Date(local).getTimezoneOffset();
  const part = (number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${part(minutes / 60)}:${part(minutes % 60)}`;
}

function onInput(event) {
  const input = event.target;
  if (input.matches?.("[data-form] .zone")) input.dataset.chosen = "";
  if (!input.matches?.("[data-moment]") || !input.value || input.defaultValue) return;
  const zone = input.parentElement.querySelector(".zone");
  if (zone && !("chosen" in zone.dataset)) zone.value = offsetAt(input.value);
}

// What is asked for only after a certain answer comes and goes with that answer.
function answerTo(form, name) {
  const fields = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  if (fields.some((field) => field.closest("[data-off]"))) return null;
  return fields.find((field) => field.checked || !/^(radio|checkbox)$/.test(field.type))?.value ?? "";
}

function refreshConditions(form) {
  for (const wrapper of form.querySelectorAll("[data-when]")) {
    const conditions = [...wrapper.querySelectorAll(":scope > [data-name]")];
    const met = conditions.every((condition) => {
      const answer = answerTo(form, condition.dataset.name);
      return [...condition.children].some((wanted) => wanted.value === answer);
    });
    wrapper.toggleAttribute("data-off", !met);
  }
}

function onChange(event) {
  const form = event.target.closest?.("[data-form]");
  if (form?.querySelector("[data-when]")) refreshConditions(form);
}

// Suggestions come from an address of this site, once somebody goes to the field.
async function onFocus(event) {
  const input = event.target;
  const address = input.dataset?.choices;
  if (!address?.startsWith("/") || input.list) return;
  delete input.dataset.choices;
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  const found = answer?.ok ? await answer.json().catch(() => null) : null;
  if (!Array.isArray(found)) return;
  const list = document.createElement("datalist");
  list.id = `${input.id}-choices`;
  for (const item of found) {
    const value = item?.value ?? item?.id ?? item;
    list.append(Object.assign(document.createElement("option"), { value: String(value), label: String(item?.title ?? "") }));
  }
  input.after(list);
  input.setAttribute("list", list.id);
}

// What the first button of a form does, from wherever one writes in it.
function onSend(event) {
  const form = event.target.form;
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing || !form?.querySelector("[data-form]")) return;
  const button = [...form.elements].find((element) => element.matches("button.primary"));
  if (!button) return;
  event.preventDefault();
  form.requestSubmit(button);
}

document.addEventListener("click", onClick);
document.addEventListener("keydown", onKeydown);
document.addEventListener("keydown", onSend);
document.addEventListener("input", onInput);
document.addEventListener("change", onChange);
document.addEventListener("focusin", onFocus);
