/** What a compiled function must not do with values that are not its own: they would be frozen, or lost. */

import { PlumblineError } from "../graph/error.ts";
import { type Node, topological } from "../graph/node.ts";
import { describe } from "../graph/types.ts";
import { Variable } from "../tensor/variable.ts";

/** Values of variables that were there before the trace, whose first placeholder is `first`: they would be frozen. */
export function refuseFrozen(
  outputs: readonly Node[],
  declared: ReadonlySet<Variable>,
  first: number,
  name: string,
): void {
  const foreign = (x: Node): boolean =>
    x.owner instanceof Variable && (!declared.has(x.owner.root) || (!x.traced && x.id < first));
  const order = topological(outputs, foreign);
  const leaf = order.find(foreign);
  if (!leaf) return;
  const user = order.find((x) => x.inputs.includes(leaf));
  const variable = leaf.owner as Variable;
  const isMadeInside = variable.madeAfter >= first;
  throw new PlumblineError({
    code: "G203",
    message: `${name} uses \`${variable.label}\` (${describe(leaf)}), ${
      declared.has(variable.root) ? "from before the function was called" : "which is not named as state"
    }: its value would be frozen.`,
    sites: [...(user ? [{ site: user.site, note: "used here" }] : []), leaf.site],
    help: isMadeInside
      ? "it is made inside: make it once, before the function is compiled, and name it as state."
      : declared.has(variable.root)
      ? "compute what is made of it inside the function, or pass it as an argument."
      : "name it: compile(fn, { state: [model, optimizer] }).",
  });
}

/** A placeholder that is not this trace's own: a tensor that was kept from another one. */
export function refuseForeign(leaf: Node, name: string): void {
  if (!leaf.traced) return;
  throw new PlumblineError({
    code: "G102",
    message: `${name} uses ${describe(leaf)}, which was an argument or state of another traced function.`,
    sites: [leaf.site],
    help: "return the tensor from that function, and pass what the call gives as an argument.",
  });
}

/** What a function assigns that is no state of it: it would be lost. */
export function refuseLost(assigned: Iterable<object>, roots: readonly Variable[], name: string): void {
  for (const variable of assigned) {
    if (!(variable instanceof Variable) || roots.includes(variable)) continue;
    throw new PlumblineError({
      code: "G203",
      message: `${name} assigns \`${variable.label}\`, which is not named as state: what it assigns would be lost.`,
      sites: [variable.node.site],
      help: "name it: compile(fn, { state: [model, optimizer] }).",
    });
  }
}
