// [data-copy="<id>"] copies the text of the element with that id, [data-copy-from="<address>"] what is there,
// [data-copy-text="<text>"] the text itself; each says so. A link with [data-copy-from] copies what it leads to.
import { inWords } from "./words.js";

const said = new WeakMap();

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-from], [data-copy-text]");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const words = button.querySelector("span") ?? button;
  // A second click while it says so is not to make that its name.
  const before = said.get(words)?.before ?? words.textContent;
  if (!said.has(words)) said.set(words, { before });
  try {
    await navigator.clipboard.writeText(await textOf(button));
    words.textContent = inWords("Copied");
  } catch {
    words.textContent = inWords("Not allowed");
  }
  clearTimeout(said.get(words)?.timer);
  said.set(words, { before, timer: setTimeout(calm, 1500, words) });
});

function calm(words) {
  words.textContent = said.get(words).before;
  said.delete(words);
}

async function textOf({ href, dataset: { copy, copyFrom, copyText } }) {
  if (copyText !== undefined) return copyText === "" ? location.href : copyText;
  if (copyFrom === undefined) return document.getElementById(copy).textContent;
  const answer = await fetch(copyFrom || href);
  if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
  return answer.text();
}
