// What a person asked for last of each pane. An answer to an older wish is dropped, and while one is on its way
// nothing is drawn anew: it would come to an element that is not there any more.
const PANES = ["head", "flow", "timeline", "panel", "detail"];
const wishes = {};

const isWish = ({ boosted, target }) => boosted && PANES.includes(target?.id);
const wish = ({ detail }) => { if (isWish(detail)) wishes[detail.target.id] = detail.xhr; };
const drop = (event) => { if (isWish(event.detail) && wishes[event.detail.target.id] !== event.detail.xhr) event.preventDefault(); };

export const wished = () => Object.values(wishes).some(({ readyState }) => readyState > 0 && readyState < 4);

document.addEventListener("htmx:beforeRequest", wish);
document.addEventListener("htmx:beforeOnLoad", drop);
