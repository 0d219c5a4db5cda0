/** What the sandbox is asked and told. Each call throws an Error with the server's words where it is refused. */

/** A number as its digits came: JavaScript's own numbers would lose some. */
export class Digits {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }

  toJSON() {
    return JSON.rawJSON?.(this.text) ?? Number(this.text);
  }
}

/** How much there is, and which faults are on; null where nothing is new since the moment `seen`. */
export const now = (seen) => answer(`sandbox/now?${new URLSearchParams({ seen })}`);

/** The newest users, accounts, events or requests that hold the text `search`; every number is of Digits. */
export const newest = (plural, count, search) =>
  things(`sandbox/${plural}?${new URLSearchParams({ newest: count, search })}`);

/** The request of this number, in a list; an empty one where there is none. */
export const request = (number) => things(`sandbox/requests?${new URLSearchParams({ newest: 1, number })}`);

/** Where a request's body stands as it came. */
export const bodyAddress = (number) => `sandbox/requests/${number}/body`;

/** A request's body, indented where it is JSON. */
export const body = (number) => said(`${bodyAddress(number)}?indented=1`);

/** Forgets everything. */
export const reset = () => said("sandbox/reset", { method: "POST" });

/** Has requests go wrong from now on. */
export const misbehave = (faults, seed) => said(`sandbox/faults?seed=${seed}`, { method: "POST", body: faults });

async function answer(address) {
  const text = await said(address);
  return text ? JSON.parse(text) : null;
}

async function things(address) {
  return JSON.parse(await said(address), (_, value, read) =>
    typeof value === "number" ? new Digits(read?.source ?? String(value)) : value,
  );
}

async function said(address, request) {
  const response = await fetch(address, request);
  const text = await response.text();
  if (!response.ok) throw new Error(text || `the sandbox answered ${response.status}`);
  return text;
}
