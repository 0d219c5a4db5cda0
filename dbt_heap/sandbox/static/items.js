/** A user, an account, an event or a request as an item of the list. */

import { element } from "./elements.js";
import { Digits, body, bodyAddress } from "./server.js";

const SHOWN_CHARACTERS = 50_000; // of a body; browsers are slow to lay out more
const KEYS = ["session_id", "idempotency_key"];

/** The list item of one thing, as the server shows it. */
export const itemOf = {
  users: (user) => held(user.identity, [properties(user)], user),
  accounts: (account) => held(account.account_id, [properties(account)], account),
  events: (event) => held(event.event, eventFacts(event), event),
  requests: (request) => element("li", {}, requestDetails(request)),
};

function held(subject, facts, thing) {
  return element(
    "li",
    { class: "held" },
    element("h3", {}, element("bdi", {}, subject)),
    element("div", {}, ...facts),
    element("p", { class: "origin" }, ...origin(thing)),
  );
}

function eventFacts(event) {
  const who = event.identity ?? `user_id ${event.user_id}`;
  const keys = KEYS.filter((name) => name in event).map((name) => [name, event[name]]);
  return [
    element("p", { class: "who" }, element("bdi", {}, who), " ", time(event.timestamp)),
    properties(event),
    ...(keys.length ? [listed("keys", keys)] : []),
  ];
}

const properties = (thing) => listed("properties", Object.entries(thing.properties));

function listed(kind, pairs) {
  const rows = pairs.map(([name, value]) => element("div", {}, element("dt", {}, element("bdi", {}, name)), valueOf(value)));
  return element("dl", { class: kind }, ...rows);
}

function valueOf(value) {
  if (typeof value === "string") return element("dd", { class: "text" }, element("bdi", {}, value));
  return element("dd", { class: "other" }, value instanceof Digits ? value.text : JSON.stringify(value));
}

function origin(thing) {
  const app = element("span", {}, `app ${thing.app_id}`);
  if (thing.request === null) return [app];
  return [time(thing.at), app, element("a", { href: `#requests/${thing.request}` }, `request ${thing.request}`)];
}

function requestDetails(request) {
  const details = element("details", { class: request.verdict }, requestSummary(request));
  details.addEventListener("toggle", () => addBody(details, request.number), { once: true });
  return details;
}

function requestSummary(request) {
  return element(
    "summary",
    {},
    element("span", { class: "number" }, String(request.number)),
    element("span", { class: "verdict" }, `${request.status ?? "no answer"} ${request.verdict}`),
    element("code", {}, request.path),
    element("span", { class: "kept" }, `${request.kept} of ${request.records} kept`),
    time(request.at),
    element("bdi", { class: "reason" }, request.reason),
  );
}

async function addBody(details, number) {
  const text = await body(number).catch((error) => error.message);
  const cut = text.length > SHOWN_CHARACTERS ? `; shown are its first ${SHOWN_CHARACTERS.toLocaleString("en")} characters` : "";
  details.append(
    element("pre", { tabindex: "0" }, text.slice(0, SHOWN_CHARACTERS)),
    element("p", {}, element("a", { href: bodyAddress(number) }, "The body as it came"), cut),
  );
}

function time(at) {
  const shown = new Date(String(at));
  if (Number.isNaN(shown.valueOf())) return element("span", {}, String(at));
  const today = shown.toDateString() === new Date().toDateString();
  const words = shown.toLocaleString([], { dateStyle: today ? undefined : "medium", timeStyle: "medium" });
  return element("time", { datetime: shown.toISOString(), title: String(at) }, words);
}
