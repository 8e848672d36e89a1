/** Boundaries: code outside of the graph (a simulator, a driver) behind a rule that says how gradients cross it. */

import { evaluate } from "../tensor/settle.ts";
import { setCustomRule } from "../grad/custom.ts";
import { rememberFunction } from "../graph/cell.ts";
import { constant, makeNode, type Node, placeholder } from "../graph/node.ts";
import { fullLike } from "../graph/ops.ts";
import { Tensor } from "../tensor/tensor.ts";
import { dropAt, madeFrom } from "../forensics/reads/drops.ts";

/** How a gradient crosses a boundary: from that of the result to one for each input, in tensors; `null` where none flows. */
export interface BoundaryRule {
  /** `gradient` has the shape of `output`. */
  readonly vjp: (gradient: Tensor, inputs: readonly Tensor[], output: Tensor) => readonly (Tensor | null)[];
}

/** A function through a boundary. Its inside may read, branch and call anything. */
export type Bounded<A extends readonly Tensor[]> = (...inputs: A) => Promise<Tensor>;

/** A node with the value of `output` whose derivative is the user's: a loop of one step that is never run. */
function withRule(inputs: readonly Tensor[], output: Tensor, rule: BoundaryRule): Node {
  const nodes = [output.node, ...inputs.map((x) => x.node)];
  const inner = nodes.map((x) => placeholder(x));
  const attrs = { body: { inputs: inner, outputs: [inner[0]!] }, carries: 1, xs: 0, length: 1, reverse: false };
  const loop = makeNode("scan", nodes, attrs);
  const result = makeNode("output", [loop], { index: 0, aval: output.node });
  result.value = output.node.value;
  setCustomRule(loop, ([g]) => {
    const gradient = new Tensor(g ?? fullLike(output.node, 0));
    return [null, ...rule.vjp(gradient, inputs, output).map((x) => x?.node ?? null)];
  });
  return result;
}

/**
 * Wraps code outside of the graph. `rule` says what becomes of gradients: `{ vjp }` gives them, `"stop"` declares that none
 * flow, `"forbid"` makes a loss that would need them an error (G108).
 *
 * @example
 * ```ts
 * import { boundary, Parameter, tensor } from "@plumbline/plumbline";
 *
 * const w = new Parameter(tensor([1, 2]), "w");
 * const host = async (x: ReturnType<typeof tensor>) => tensor((await x.data()).map((v) => 3 * v));
 * const triple = boundary("triple", host, { vjp: (g) => [g.mul(3)] });
 * (await triple(w)).sum().backward();
 * console.log(await w.grad!.toList()); // [3, 3]
 * ```
 */
export function boundary<A extends readonly Tensor[]>(
  name: string,
  fn: (...inputs: A) => Tensor | Promise<Tensor>,
  rule: BoundaryRule | "stop" | "forbid",
): Bounded<A> {
  const known = rememberFunction(fn);
  return async (...inputs) => {
    const nodes = inputs.map((x) => x.node);
    const drop = dropAt("boundary", `the boundary \`${name}\``, nodes, typeof rule === "string" ? rule : "stop");
    await evaluate(nodes);
    // Constants: what the inside reads is no cut, the rule says so.
    const given = inputs.map((x) => {
      return typeof rule === "string" ? x.detach(`boundary ${name}`) : new Tensor(constant(x.node, x.node.value!));
    });
    const output = await known(...given as unknown as A);
    await evaluate([output.node]);
    const value = new Tensor(constant(output.node, output.node.value!));
    if (drop) madeFrom(value.node, drop);
    return typeof rule === "string" ? value : new Tensor(withRule(inputs, value, rule));
  };
}
