// What is pressed is not exchanged under the pointer: a click ends where it began, or is none.
let pressed = null, waiting = [];

export const isPressed = (element) => Boolean(pressed && element?.contains(pressed));

// At once, or as soon as the pointer has let go.
export function whenFree(element, act) {
  isPressed(element) ? waiting.push(act) : act();
}

function free() {
  const acts = waiting;
  [pressed, waiting] = [null, []];
  for (const act of acts) act();
}

document.addEventListener("pointerdown", (event) => { pressed = event.target; });
// The click itself comes first.
for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => setTimeout(free));
