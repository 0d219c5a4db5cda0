/** The page: a list that follows the sandbox, a search, and what can be done by hand. */

import { byId, replaceItems } from "./elements.js";
import { Faults } from "./faults.js";
import { itemOf } from "./items.js";
import { newest, now, request, reset } from "./server.js";

const EVERY_MS = 1000;
const TYPING_MS = 150;
const STEP = 100; // items at first, and more by each "Show more"
const MOST = 1000;
const PLURALS = Object.keys(itemOf);

const view = { plural: "", number: "", search: "", count: STEP };
const faults = new Faults(() => look());
let seen = ""; // the moment that the page shows
let items = new Map(); // the items of the list, by all that they say

/** Shows what is new since the last look, and says how it went. */
async function look() {
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
    seen = ""; // what it shows once it answers again may be another moment's
    pulse("gone", "The sandbox does not answer");
    console.error(error);
  }
}

/** Lists the newest of the view, unless another view was chosen meanwhile. */
async function list() {
  const asked = { ...view };
  const found = asked.number ? await request(asked.number) : await newest(asked.plural, asked.count + 1, asked.search);
  if (Object.keys(view).every((name) => asked[name] === view[name])) show(found);
}

function show(found) {
  const more = found.length > view.count;
  const live = items.size > 0;
  const next = found.slice(0, view.count).map((thing) => [JSON.stringify(thing), thing]);
  items = new Map(next.map(([key, thing]) => [key, items.get(key) ?? made(thing, live)]));
  replaceItems(byId("list"), [...items.values()]);
  byId("found").textContent = summary(items.size, more);
  byId("more").hidden = !more || view.count >= MOST;
  byId("nothing").hidden = items.size > 0 || view.search !== "" || view.number !== "";
}

function made(thing, live) {
  const item = itemOf[view.plural](thing);
  item.classList.toggle("new", live);
  if (view.number) item.querySelector("details").open = true;
  return item;
}

function summary(shown, more) {
  if (view.number) return shown ? "" : `There is no request ${view.number} any more.`;
  if (view.search) return `${more ? "more than " : ""}${counted(shown)} found`;
  return more ? `The newest ${counted(shown)}; a search looks at all.` : "";
}

const counted = (number) => number.toLocaleString("en");

function pulse(state, words) {
  if (byId("pulse").dataset.state === state) return; // it would be read out again
  byId("pulse").dataset.state = state;
  byId("pulse").textContent = words;
}

const paused = () => byId("pause").getAttribute("aria-pressed") === "true";

/** Changes the view, and lists it anew. */
async function choose(changes) {
  Object.assign(view, changes);
  [items, seen] = [new Map(), ""];
  await look();
}

/** Chooses the view that the address names: `#events`, or `#requests/12` for that one; with another it stays. */
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
  const sure = byId("sure");
  byId("reset").addEventListener("click", () => {
    sure.returnValue = ""; // that of the last time would stay where the dialog is dismissed
    sure.showModal();
  });
  sure.addEventListener("close", async () => {
    if (sure.returnValue !== "yes") return;
    await reset().catch(console.error);
    await look();
  });
}

async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    if (!paused() && !document.hidden) await look();
  }
}

byId("example").textContent = `HEAP_BASE_URL=${location.origin} HEAP_APP_ID=11 dbt-heap sync`;
listen();
listenToReset();
route();
follow();
