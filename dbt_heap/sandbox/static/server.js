/** Call the sandbox. Each function throws an Error with the server's text if the sandbox refuses. */

/** A number with all the digits that were sent; JavaScript's own numbers would lose some. */
export class ExactNumber {
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

/** Return the counts and the faults, or null if nothing has changed since the moment `seen`. */
export const now = (seen) => json(`sandbox/now?${new URLSearchParams({ seen })}`);

/** Return the newest users, accounts, events or requests that contain `search`, with ExactNumber for numbers. */
export const newest = (plural, count, search) =>
  items(`sandbox/${plural}?${new URLSearchParams({ newest: count, search })}`);

/** Return a list with the request of this number, or an empty list. */
export const request = (number) => items(`sandbox/requests?${new URLSearchParams({ newest: 1, number })}`);

/** Return the address of a request's original body. */
export const bodyAddress = (number) => `sandbox/requests/${number}/body`;

/** Return a request's body, formatted if it is JSON. */
export const body = (number) => text(`${bodyAddress(number)}?indented=1`);

/** Delete everything except the faults. */
export const reset = () => text("sandbox/reset", { method: "POST" });

/** Set the faults from now on. */
export const misbehave = (faults, seed) => text(`sandbox/faults?seed=${seed}`, { method: "POST", body: faults });

async function json(address) {
  const answer = await text(address);
  return answer ? JSON.parse(answer) : null;
}

async function items(address) {
  return JSON.parse(await text(address), (_, value, read) =>
    typeof value === "number" ? new ExactNumber(read?.source ?? String(value)) : value,
  );
}

async function text(address, request) {
  const response = await fetch(address, request);
  const answer = await response.text();
  if (!response.ok) throw new Error(answer || `the sandbox answered with status ${response.status}`);
  return answer;
}
