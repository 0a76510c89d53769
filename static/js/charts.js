// Charts: a click on a part opens the list of its runs, dragging over several opens that of them all.
let begun = null;

const slotOf = (event) => event.target.closest?.(".slot");

function range(one, other) {
  const slots = [...one.parentNode.querySelectorAll(".slot")];
  const [first, last] = [slots.indexOf(one), slots.indexOf(other)].sort((a, b) => a - b);
  return slots.slice(first, last + 1);
}

function mark(slots) {
  for (const slot of document.querySelectorAll(".slot.on")) slot.classList.remove("on");
  for (const slot of slots) slot.classList.add("on");
}

document.addEventListener("pointerdown", (event) => {
  begun = event.button === 0 ? slotOf(event) : null;
  if (begun) event.preventDefault();
});

document.addEventListener("pointermove", (event) => {
  const slot = begun && slotOf(event);
  if (slot?.parentNode === begun?.parentNode && slot) mark(range(begun, slot));
});

document.addEventListener("pointerup", (event) => {
  const slot = begun && slotOf(event);
  const from = begun;
  begun = null;
  mark([]);
  if (!slot || slot.parentNode !== from.parentNode) return;
  const slots = range(from, slot);
  const address = new URL(from.dataset.href, location.href);
  address.searchParams.set("from", slots[0].dataset.since);
  address.searchParams.set("to", slots.at(-1).dataset.until);
  location.assign(address);
});
