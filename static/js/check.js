// A field is checked once it was changed, by the same rules as the whole form: the server answers with its note.
export const withQuery = (address, query) => address + (address.includes("?") ? "&" : "?") + new URLSearchParams(query);

function noteOf(input) {
  const form = input.closest("[data-form]");
  const own = form.querySelector(`[data-note="${CSS.escape(input.name)}"]`);
  return own ?? input.closest(".f, .opt, .pair")?.querySelector("[data-note]");
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-form][hx-post]");
  const note = form && event.target.type !== "file" && noteOf(event.target);
  if (!note) return;
  // A form that has just come is in the page before htmx has seen to it; who is quick must not go unheard.
  htmx.process(form);
  htmx.trigger(form, "check", { query: { field: event.target.name, at: note.dataset.note } });
});

document.addEventListener("htmx:configRequest", (event) => {
  const query = event.detail.triggeringEvent?.detail?.query;
  if (query) event.detail.path = withQuery(event.detail.path, query);
});

document.addEventListener("htmx:oobAfterSwap", (event) => {
  const note = event.target;
  if (!note.dataset.note) return;
  for (const field of document.querySelectorAll(`[aria-describedby~="${CSS.escape(note.id)}"]`)) {
    if (note.firstElementChild) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
});
