/** The panel by which faults are switched. Their truth is one text, in the words of `--fault`. */

import { byId, element } from "./elements.js";
import { misbehave } from "./server.js";

const KINDS = [
  ["500", "server error"],
  ["429", "too many requests"],
  ["html", "a proxy’s 502 page"],
  ["timeout", "never an answer"],
  ["reset", "connection reset"],
  ["500-after", "taken, then 500"],
  ["truncated", "taken, then cut short"],
  ["garbage", "taken, answer garbled"],
  ["slow", "taken, a second late"],
];
const SHARES = [
  ["", "never"],
  ["x1", "next request"],
  [":0.05", "1 in 20"],
  [":0.1", "1 in 10"],
  [":0.25", "1 in 4"],
  [":0.5", "1 in 2"],
  [":1", "every request"],
];
const PART = /^(.+?)((?::|x)[\d.]+)$/;

/** A panel that calls `changed` once the sandbox has taken a change. */
export class Faults {
  #text = "";
  #seed = 0;
  #changed;

  constructor(changed) {
    this.#changed = changed;
    byId("kinds").append(...KINDS.map(([kind, meaning]) => this.#row(kind, meaning)));
    byId("faults-off").addEventListener("click", () => this.#apply(""));
    byId("faults").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#apply(byId("faults-text").value);
    });
  }

  /** Shows what is on now; a text that someone is writing is left alone. */
  show({ faults, seed }) {
    [this.#text, this.#seed] = [faults, seed];
    const field = byId("faults-text");
    if (field !== document.activeElement) field.value = faults;
    byId("faults-off").hidden = !faults;
    const shares = new Map(parts(faults));
    for (const [kind] of KINDS) choose(byId(`fault-${kind}`), shares.get(kind) ?? "");
  }

  #row(kind, meaning) {
    const choices = SHARES.map(([value, words]) => element("option", { value }, words));
    const select = element("select", { id: `fault-${kind}` }, ...choices);
    select.addEventListener("change", () => this.#apply(joined(this.#text, kind, select.value)));
    return element("label", {}, element("span", {}, element("code", {}, kind), " ", meaning), select);
  }

  async #apply(text) {
    try {
      await misbehave(text, this.#seed);
      byId("faults-wrong").textContent = "";
      byId("faults-text").value = text;
    } catch (error) {
      byId("faults-wrong").textContent = error.message;
    }
    await this.#changed();
  }
}

const parts = (text) => text.split(",").map((part) => PART.exec(part)?.slice(1) ?? [part, ""]);

function joined(text, kind, share) {
  const others = parts(text).filter(([other]) => other && other !== kind).map((part) => part.join(""));
  return [...others, ...(share ? [kind + share] : [])].join(",");
}

function choose(select, share) {
  const known = [...select.options].find(({ value }) => value === share);
  if (!known) select.append(element("option", { value: share }, words(share)));
  select.value = share;
}

const words = (share) => (share[0] === "x" ? `next ${share.slice(1)} requests` : `${+(share.slice(1) * 100).toFixed(4)} %`);
