/** A buffer of what happened: observations, actions, rewards. It holds data, not graphs. */

import { isLearner, liveNodes } from "../forensics/flow/edges.ts";
import { labelOf } from "../forensics/flow/label.ts";
import { signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { callerSite } from "../graph/site.ts";
import { describe } from "../graph/types.ts";
import { stack } from "../tensor/functions.ts";
import * as kind from "../tensor/kinds.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Tensors of one step, by name. */
export type Row = Readonly<Record<string, Tensor>>;

const takesBuffer = signature("new RolloutBuffer()", { options: kind.options({ keepGraphs: kind.boolean }) });

/** Rows in the order they were added. */
export class RolloutBuffer<R extends Row = Row> {
  readonly #rows: R[] = [];
  #names = "";

  /** `keepGraphs`: tensors that carry a gradient are taken, for a loss before the next step. */
  constructor(readonly options: { readonly keepGraphs?: boolean } = {}) {
    takesBuffer(arguments);
  }

  /** The number of rows. */
  get length(): number {
    return this.#rows.length;
  }

  /**
   * Adds a row.
   *
   * @throws PlumblineError G206 if a tensor carries a gradient, unless `keepGraphs`; G301 if rows before had other names.
   */
  add(row: R): void {
    const names = Object.keys(row).sort().join(", ");
    if (this.#rows.length > 0 && names !== this.#names) {
      throw new PlumblineError({
        code: "G301",
        message: `a rollout buffer whose rows hold ${this.#names} was given a row with ${names || "nothing"}.`,
        help: "add rows with the same names; keep what only some steps have in a buffer of its own.",
      });
    }
    for (const [name, { node }] of Object.entries(row)) {
      const leaf = this.options.keepGraphs ? undefined : [...liveNodes([node])].find((x) => isLearner(x.owner));
      if (!leaf) continue;
      throw new PlumblineError({
        code: "G206",
        message: `a rollout buffer holds data, but \`${name}\` (${describe(node)}) carries the gradient of \`${
          labelOf(leaf)
        }\`: after the next step it is stale`,
        sites: [{ site: callerSite(), note: "stored here" }, { site: node.site, note: "computed here" }],
        help: [
          "store what it was computed from, and run the network afresh in the update.",
          `data on purpose:  ${name}: stopGradient(${name}, "why"); for a loss before the next step: { keepGraphs: true }`,
        ],
      });
    }
    this.#names = names;
    // A copy: the record may be used again for the next row.
    this.#rows.push({ ...row });
  }

  /**
   * All rows, along a new leading axis.
   *
   * @throws PlumblineError G301 if there are none.
   */
  stack(): R {
    const [first] = this.#rows;
    if (!first) throw new PlumblineError({ code: "G301", message: "stack() of a rollout buffer that has no rows." });
    const names = Object.keys(first);
    return Object.fromEntries(names.map((name) => [name, stack(this.#rows.map((row) => row[name]!))])) as unknown as R;
  }

  /** Forgets all rows. */
  clear(): void {
    this.#rows.length = 0;
  }
}

/** One tensor for each name. */
const row: kind.Kind = {
  ...kind.kindOf(
    "a row, tensors by their names,",
    (x) => kind.tree.accepts(x) && !(x instanceof Tensor) && Object.values(x as object).every(kind.tensor.accepts),
  ),
  inside: (x) => kind.tree.inside!(x),
};

takeOnly(RolloutBuffer, { add: { row } });
