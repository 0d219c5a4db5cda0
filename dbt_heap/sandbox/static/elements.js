/** Elements made of text alone: nothing that a request brought is ever read as HTML. */

/** An element with attributes and children; a child that is a text stays one. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

/** The element of the page with this id. */
export const byId = (id) => document.getElementById(id);

/** Makes these the children of a list. Those that stay are not moved, so that focus and open details stay too. */
export function replaceItems(list, items) {
  const staying = new Set(items);
  for (const child of [...list.children]) if (!staying.has(child)) child.remove();
  let next = list.firstElementChild;
  for (const item of items) {
    if (item === next) next = next.nextElementSibling;
    else list.insertBefore(item, next);
  }
}
