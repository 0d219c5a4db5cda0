/** Users, accounts, events and requests as items of the list. */

import { element } from "./elements.js";
import { ExactNumber, body, bodyAddress } from "./server.js";

const MAX_CHARACTERS = 50_000; // of a body; browsers lay out more only slowly
const KEYS = ["session_id", "idempotency_key"];

/** For each list, a function that returns the list item of one JSON object. */
export const itemOf = {
  users: (user) => record(user.identity, [properties(user)], user),
  accounts: (account) => record(account.account_id, [properties(account)], account),
  events: (event) => record(event.event, eventFacts(event), event),
  requests: (request) => element("li", {}, requestDetails(request)),
};

function record(subject, facts, item) {
  return element(
    "li",
    { class: "record" },
    element("h3", {}, element("bdi", {}, subject)),
    element("div", {}, ...facts),
    element("p", { class: "origin" }, ...origin(item)),
  );
}

function eventFacts(event) {
  const who = event.identity ?? `user_id ${event.user_id}`;
  const keys = KEYS.filter((name) => name in event).map((name) => [name, event[name]]);
  return [
    element("p", { class: "who" }, element("bdi", {}, who), " ", time(event.timestamp)),
    properties(event),
    ...(keys.length ? [list("keys", keys)] : []),
  ];
}

const properties = (item) => list("properties", Object.entries(item.properties));

function list(kind, pairs) {
  const rows = pairs.map(([name, value]) => element("div", {}, element("dt", {}, element("bdi", {}, name)), valueOf(value)));
  return element("dl", { class: kind }, ...rows);
}

function valueOf(value) {
  if (typeof value === "string") return element("dd", { class: "text" }, element("bdi", {}, value));
  return element("dd", { class: "other" }, value instanceof ExactNumber ? value.text : JSON.stringify(value));
}

function origin(item) {
  const app = element("span", {}, `app ${item.app_id}`);
  if (item.request === null) return [app];
  return [time(item.at), app, element("a", { href: `#requests/${item.request}` }, `request ${item.request}`)];
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
  const cut = text.length > MAX_CHARACTERS ? `. Showing the first ${MAX_CHARACTERS.toLocaleString("en")} characters.` : "";
  details.append(
    element("pre", { tabindex: "0" }, text.slice(0, MAX_CHARACTERS)),
    element("p", {}, element("a", { href: bodyAddress(number) }, "Original body"), cut),
  );
}

function time(at) {
  const shown = new Date(String(at));
  if (Number.isNaN(shown.valueOf())) return element("span", {}, String(at));
  const today = shown.toDateString() === new Date().toDateString();
  const label = shown.toLocaleString([], { dateStyle: today ? undefined : "medium", timeStyle: "medium" });
  return element("time", { datetime: shown.toISOString(), title: String(at) }, label);
}
