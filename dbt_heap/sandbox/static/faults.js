/** The panel that sets faults. Their state is one text in the syntax of `--fault`. */

import { byId, element } from "./elements.js";
import { misbehave } from "./server.js";

const KINDS = [
  ["500", "server error"],
  ["429", "too many requests"],
  ["html", "a proxy’s 502 page"],
  ["timeout", "no answer"],
  ["reset", "connection reset"],
  ["500-after", "accepted, then 500"],
  ["truncated", "accepted, cut off"],
  ["garbage", "accepted, garbled"],
  ["slow", "accepted, 1 s late"],
];
const RATES = [
  ["", "never"],
  ["x1", "next request"],
  [":0.05", "1 in 20"],
  [":0.1", "1 in 10"],
  [":0.25", "1 in 4"],
  [":0.5", "1 in 2"],
  [":1", "every request"],
];
const PART = /^(.+?)((?::|x)[\d.]+)$/;

/** A panel that calls `changed` after the sandbox has applied a change. */
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

  /** Show the current faults. Do not overwrite a text that the user is editing. */
  show({ faults, seed }) {
    [this.#text, this.#seed] = [faults, seed];
    const field = byId("faults-text");
    if (field !== document.activeElement) field.value = faults;
    byId("faults-off").hidden = !faults;
    const rates = new Map(parts(faults));
    for (const [kind] of KINDS) choose(byId(`fault-${kind}`), rates.get(kind) ?? "");
  }

  #row(kind, meaning) {
    const choices = RATES.map(([value, label]) => element("option", { value }, label));
    const select = element("select", { id: `fault-${kind}` }, ...choices);
    select.addEventListener("change", () => this.#apply(withFault(this.#text, kind, select.value)));
    return element("label", {}, element("span", {}, element("code", {}, kind), " ", meaning), select);
  }

  async #apply(text) {
    try {
      await misbehave(text, this.#seed);
      byId("faults-error").textContent = "";
      byId("faults-text").value = text;
    } catch (error) {
      byId("faults-error").textContent = error.message;
    }
    await this.#changed();
  }
}

const parts = (text) => text.split(",").map((part) => PART.exec(part)?.slice(1) ?? [part, ""]);

function withFault(text, kind, rate) {
  const others = parts(text).filter(([other]) => other && other !== kind).map((part) => part.join(""));
  return [...others, ...(rate ? [kind + rate] : [])].join(",");
}

function choose(select, rate) {
  const known = [...select.options].some(({ value }) => value === rate);
  if (!known) select.append(element("option", { value: rate }, label(rate)));
  select.value = rate;
}

const label = (rate) => (rate[0] === "x" ? `next ${rate.slice(1)} requests` : `${+(rate.slice(1) * 100).toFixed(4)}%`);
