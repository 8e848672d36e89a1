/** What the next step of an optimiser would change, without taking it. */

import { evaluate } from "../tensor/settle.ts";
import { pending } from "../graph/pending.ts";
import { Optimizer } from "../optim/optimizer.ts";
import { fromData } from "../tensor/tensor.ts";
import type { Parameter, Stateful } from "../tensor/variable.ts";

/** The Euclidean size of the next update of each parameter, for parameters of optimisers in `audited` that have all gradients. */
export async function plannedUpdates(
  audited: Stateful | readonly Stateful[] | undefined,
  gradients: ReadonlyMap<Parameter, Float32Array>,
): Promise<Map<Parameter, number>> {
  const sizes = new Map<Parameter, number>();
  const list = (Array.isArray(audited) ? audited : [audited]) as readonly (Stateful | undefined)[];
  for (const optimizer of list.filter((x) => x instanceof Optimizer)) {
    const parameters = optimizer.groups.flatMap(({ group }) => group.parameters);
    if (!parameters.every((x) => gradients.has(x) || !x.requiresGrad)) continue;
    const roots = [...new Set(optimizer.variables().map((x) => x.root))];
    const before = roots.map((x) => x.node);
    const grads = parameters.map((x) => x.grad);
    const old = parameters.map((x) => x.node);
    for (const x of parameters) {
      const g = gradients.get(x);
      x.grad = g ? fromData(g, "float32", x.shape) : null;
    }
    const mark = pending.mark();
    let next: readonly (typeof before)[number][] = old;
    try {
      optimizer.planStep();
      next = parameters.map((x) => x.node);
      await evaluate([...old, ...next, ...roots.map((x) => x.node)]);
    } finally {
      pending.rewind(mark);
      roots.forEach((x, i) => x.replace(before[i]!));
      parameters.forEach((x, i) => x.grad = grads[i]!);
    }
    for (const [i, parameter] of parameters.entries()) {
      const [a, b] = [await old[i]!.value!.read(), await next[i]!.value!.read()];
      sizes.set(parameter, Math.sqrt(Float32Array.from(a).reduce((sum, x, k) => sum + (x - b[k]!) ** 2, 0)));
    }
  }
  return sizes;
}
