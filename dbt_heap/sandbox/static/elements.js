/** Create elements from text only: nothing that a request sent is ever parsed as HTML. */

/** Return a new element with attributes and children. A child that is a string becomes a text node. */
export function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) created.setAttribute(attribute, value);
  created.append(...children);
  return created;
}

/** Return the element with this id. */
export const byId = (id) => document.getElementById(id);

/** Make these items the children of a list. Items that stay are not moved, so they keep focus and open details. */
export function replaceItems(list, items) {
  const staying = new Set(items);
  for (const child of [...list.children]) if (!staying.has(child)) child.remove();
  let next = list.firstElementChild;
  for (const item of items) {
    if (item === next) next = next.nextElementSibling;
    else list.insertBefore(item, next);
  }
}
