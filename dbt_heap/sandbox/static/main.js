/** The page: a list that follows the sandbox, with a search, a pause, a reset and the faults. */

import { byId, replaceItems } from "./elements.js";
import { Faults } from "./faults.js";
import { itemOf } from "./items.js";
import { newest, now, request, reset } from "./server.js";

const POLL_MS = 1000;
const TYPING_MS = 150;
const STEP = 100; // items at first, and added by "Show more"
const MAX_ITEMS = 1000;
const PLURALS = Object.keys(itemOf);

const view = { plural: "", number: "", search: "", count: STEP };
const faults = new Faults(() => refresh());
let seen = ""; // the moment of the sandbox that the page shows
let items = new Map(); // list items by the JSON of their content

/** Show what changed since the last refresh, and whether the sandbox answers. */
async function refresh() {
  try {
    const found = await now(seen);
    if (found) {
      for (const plural of PLURALS) byId(`count-${plural}`).textContent = counted(found[plural]);
      faults.show(found);
      await list();
      seen = found.moment;
    }
    if (paused()) pulse("paused", "Paused");
    else pulse("live", "Live");
  } catch (error) {
    seen = ""; // it may have changed once it answers again
    pulse("gone", "The sandbox does not answer");
    console.error(error);
  }
}

/** List the newest items of the view, unless the user has changed the view meanwhile. */
async function list() {
  const requested = { ...view };
  const found = requested.number ? await request(requested.number) : await newest(requested.plural, requested.count + 1, requested.search);
  if (Object.keys(view).every((name) => requested[name] === view[name])) show(found);
}

function show(found) {
  const more = found.length > view.count;
  const live = items.size > 0;
  const next = found.slice(0, view.count).map((content) => [JSON.stringify(content), content]);
  items = new Map(next.map(([key, content]) => [key, items.get(key) ?? created(content, live)]));
  replaceItems(byId("list"), [...items.values()]);
  byId("found").textContent = summary(items.size, more);
  byId("more").hidden = !more || view.count >= MAX_ITEMS;
  byId("nothing").hidden = items.size > 0 || view.search !== "" || view.number !== "";
}

function created(content, live) {
  const item = itemOf[view.plural](content);
  item.classList.toggle("new", live);
  if (view.number) item.querySelector("details").open = true;
  return item;
}

function summary(shown, more) {
  if (view.number) return shown ? "" : `Request ${view.number} does not exist.`;
  if (view.search) return `${more ? "more than " : ""}${counted(shown)} found`;
  return more ? `Showing the latest ${counted(shown)}. Search covers everything.` : "";
}

const counted = (number) => number.toLocaleString("en");

function pulse(state, text) {
  if (byId("pulse").dataset.state === state) return; // a screen reader would read it again
  byId("pulse").dataset.state = state;
  byId("pulse").textContent = text;
}

const paused = () => byId("pause").getAttribute("aria-pressed") === "true";

/** Change the view, and list it. */
async function choose(changes) {
  Object.assign(view, changes);
  [items, seen] = [new Map(), ""];
  await refresh();
}

/** Open the view that the address names: `#events`, or `#requests/12` for one request. Ignore other addresses. */
function route() {
  const [plural, number = ""] = location.hash.slice(1).split("/");
  if (PLURALS.includes(plural)) open(plural, number);
  else if (!view.plural) open("users", "");
}

function open(plural, number) {
  for (const link of document.querySelectorAll("nav a")) {
    link.setAttribute("aria-current", link.hash === `#${plural}` ? "page" : "false");
  }
  byId("title").textContent = plural;
  byId("search").placeholder = `Search ${plural}`;
  byId("search").hidden = number !== "";
  choose({ plural, number, count: STEP });
}

function listen() {
  let typing;
  addEventListener("hashchange", route);
  byId("finder").addEventListener("submit", (event) => event.preventDefault());
  byId("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => choose({ search: byId("search").value.trim(), count: STEP }), TYPING_MS);
  });
  byId("more").addEventListener("click", () => choose({ count: view.count + STEP }));
  byId("pause").addEventListener("click", () => {
    byId("pause").setAttribute("aria-pressed", !paused());
    if (paused()) pulse("paused", "Paused");
  });
}

function listenToReset() {
  const dialog = byId("confirm");
  byId("reset").addEventListener("click", () => {
    dialog.returnValue = ""; // Escape would keep the previous value
    dialog.showModal();
  });
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "yes") return;
    await reset().catch(console.error);
    await refresh();
  });
}

async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (!paused() && !document.hidden) await refresh();
  }
}

byId("example").textContent = `HEAP_BASE_URL=${location.origin} HEAP_APP_ID=11 dbt-heap sync`;
listen();
listenToReset();
route();
follow();
