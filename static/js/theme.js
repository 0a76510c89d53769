// Light, dark or the system's choice. Kept in a cookie, so that the server already paints the right one.
import { inWords } from "./words.js";

const NAMES = { auto: inWords("auto"), light: inWords("light"), dark: inWords("dark") };
const order = ["auto", "light", "dark"];
const root = document.documentElement;
const button = document.getElementById("theme");
const say = (name) => (button.querySelector("[data-theme-name]").textContent = NAMES[name]);

export function nextTheme() {
  const name = order[(order.indexOf(root.dataset.theme ?? "auto") + 1) % order.length];
  if (name === "auto") delete root.dataset.theme;
  else root.dataset.theme = name;
  document.cookie = `theme=${name};path=/;max-age=31536000;samesite=lax`;
  say(name);
}

say(root.dataset.theme ?? "auto");
button.addEventListener("click", nextTheme);
