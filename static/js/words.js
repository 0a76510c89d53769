// The words of the scripts: as they stand in the code, or as the language of the page says them (`data-words`).
const words = JSON.parse(document.body.dataset.words ?? "{}");

export const inWords = (text, values = {}) => (words[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
