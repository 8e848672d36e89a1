/** Where conditions on the index of a kernel change: the edges of what is joined or padded. */

import type { Ix } from "../fused/ix.ts";
import type { Work } from "./price.ts";

/** The most segments that are written out. */
const mostSegments = 130;

/** The edges between the elements that `name` counts, with both ends; none if there are none between, or too many. */
export function edgesOf(name: string, size: number, { exprs, roots }: Work): number[] {
  const found = new Set<number>([0, size]);
  for (const { form } of exprs.reached(roots)) {
    if (form.kind !== "within") continue;
    for (const edge of [form.from, form.to]) {
      const at = placeOf(form.ix, edge, name);
      if (at !== null && at > 0 && at < size) found.add(at);
    }
  }
  return found.size > 2 && found.size <= mostSegments ? [...found].sort((a, b) => a - b) : [];
}

/** Where `ix` gets to `edge` as the variable goes up; null if it is more than that variable, or a quotient of it. */
function placeOf({ terms, offset }: Ix, edge: number, name: string): number | null {
  const [only, ...others] = terms;
  if (!only || only.factor !== 1 || others.length > 0) return null;
  const { atom } = only;
  if (atom.kind === "var") return atom.key === name ? edge - offset : null;
  return atom.kind === "div" ? placeOf(atom.of, (edge - offset) * atom.by, name) : null;
}
