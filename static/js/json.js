// Values as trees: the name of a place is copied by a click on its key, or with the keyboard: arrows walk the
// keys of a tree that has the focus, c copies where one stands.
import { inWords } from "./words.js";

const TREE = "[data-json]";
const keys = (tree) => [...tree.querySelectorAll(".key")].filter((key) => key.checkVisibility());

function nameOf(key) {
  const tree = key.closest(TREE);
  const parts = [];
  for (let node = key; (node = node.parentElement.closest("li")) && tree.contains(node); ) {
    const own = node.querySelector(":scope > .key, :scope > details > summary > .key").textContent.slice(0, -2);
    parts.unshift(called(own, node.parentElement.hasAttribute("data-list")));
  }
  const above = (tree.dataset.at ?? "").split("/").slice(1).map((token) => called(token.replaceAll("~1", "/").replaceAll("~0", "~"), /^\d+$/.test(token)));
  return [...above, ...parts].join("").replace(/^\./, "");
}

function called(own, isIndex) {
  if (isIndex) return `[${own}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(own) ? `.${own}` : `[${JSON.stringify(own)}]`;
}

async function copy(key) {
  const name = nameOf(key);
  // Without encryption a browser has no clipboard at all.
  const done = navigator.clipboard ? navigator.clipboard.writeText(name) : Promise.reject(new Error("no clipboard"));
  key.dataset.said = await done.then(() => inWords("Copied {name}", { name }), () => inWords("Not allowed"));
  setTimeout(() => delete key.dataset.said, 1500);
}

function walk(event) {
  const tree = event.target.closest?.(TREE);
  if (!tree || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = keys(tree), at = all.indexOf(event.target.closest(".key"));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (event.key === "c" && at >= 0) copy(all[at]);
  else if (to === undefined || !all[to]) return;
  else {
    all[to].tabIndex = -1;
    all[to].focus();
  }
  event.preventDefault();
}

function ready() {
  for (const tree of document.querySelectorAll(TREE)) {
    tree.tabIndex = 0;
    tree.setAttribute("role", "group");
    tree.setAttribute("aria-label", inWords("Value. Arrows walk its keys, c copies where one stands."));
  }
}

document.addEventListener("click", (event) => {
  const key = event.target.closest?.(`${TREE} .key`);
  if (!key) return;
  event.preventDefault();
  copy(key);
});
document.addEventListener("keydown", walk);
document.addEventListener("htmx:afterSwap", ready);
ready();
