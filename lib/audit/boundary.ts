/** Boundaries: code outside of the graph (a simulator, a driver) behind a rule that says how gradients cross it. */

import { signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { evaluate } from "../tensor/settle.ts";
import { setCustomRule } from "../grad/custom.ts";
import { rememberFunction } from "../graph/cell.ts";
import { constant, makeNode, type Node, placeholder } from "../graph/node.ts";
import { fullLike } from "../graph/ops.ts";
import { describe, sameShape } from "../graph/types.ts";
import * as kind from "../tensor/kinds.ts";
import { Tensor } from "../tensor/tensor.ts";
import { dropAt, madeFrom } from "../forensics/reads/drops.ts";

/** How a gradient crosses a boundary: from that of the result to one for each input, in tensors; `null` where none flows. */
export interface BoundaryRule {
  /**
   * `gradient` has the shape of `output`; each result that of its input, float32. The inputs and the output pass gradients
   * themselves, so that a rule made of them (x e^x: `output` times 1 + 1 / x) has the right second derivative.
   */
  readonly vjp: (gradient: Tensor, inputs: readonly Tensor[], output: Tensor) => readonly (Tensor | null)[];
}

/** A function through a boundary. Its inside may read, branch and call anything. */
export type Bounded<A extends readonly Tensor[]> = (...inputs: A) => Promise<Tensor>;

function refuseRule(name: string, told: string, help?: string): never {
  throw new PlumblineError({
    code: "G310",
    message: `the vjp of the boundary \`${name}\` ${told}`,
    help: help ?? "it gives a list: for each input a float32 tensor of its shape, or null where no gradient flows.",
  });
}

/** What a rule gave, if that is a gradient, or none, for each input. */
function checkGradients(name: string, found: readonly (Tensor | null)[], inputs: readonly Tensor[]): (Node | null)[] {
  if (kind.isStrayPromise(found)) {
    refuseRule(name, "is async.", "a rule is made of tensors alone: leave out async and await.");
  }
  if (!Array.isArray(found)) refuseRule(name, `gave ${kind.told(found)}, not a list.`);
  if (found.length !== inputs.length) {
    refuseRule(name, `gave ${found.length} gradients for ${inputs.length} inputs.`);
  }
  return inputs.map(({ node }, i) => {
    const gradient: Tensor | null = found[i];
    if (gradient === null) return null;
    if (!(gradient instanceof Tensor)) refuseRule(name, `gave ${kind.told(gradient)} as the gradient of input ${i}.`);
    const fits = node.dtype === "float32" && gradient.dtype === "float32" && sameShape(gradient.shape, node.shape);
    if (!fits) {
      refuseRule(name, `gave ${describe(gradient.node)} as the gradient of input ${i}, which is ${describe(node)}.`);
    }
    return gradient.node;
  });
}

/** A node with the value of `output` whose derivative is the user's: a loop of one step that is never run. */
function crossing(name: string, inputs: readonly Tensor[], output: Tensor, rule: BoundaryRule): Node {
  const nodes = [output.node, ...inputs.map((x) => x.node)];
  const inner = nodes.map((x) => placeholder(x));
  const attrs = { body: { inputs: inner, outputs: [inner[0]!] }, carries: 1, xs: 0, length: 1, reverse: false };
  const loop = makeNode("scan", nodes, attrs);
  const result = makeNode("output", [loop], { index: 0, aval: output.node });
  result.value = output.node.value;
  setCustomRule(loop, ([g]) => {
    const gradient = new Tensor(g ?? fullLike(output.node, 0));
    return [null, ...checkGradients(name, rule.vjp(gradient, inputs, new Tensor(result)), inputs)];
  });
  return result;
}

const rules = kind.either(kind.having("{ vjp }", { vjp: kind.callable }, {}), kind.oneOf("stop", "forbid"));
const takesBoundary = signature("boundary()", { name: kind.text, fn: kind.callable, rule: rules });

/** What the inside of a boundary gave, which must be a tensor. */
function checkOutput(name: string, output: Tensor): Tensor {
  if (output instanceof Tensor) return output;
  throw new PlumblineError({
    code: "G310",
    message: `the boundary \`${name}\` needs a function that gives a tensor; this one gave ${kind.told(output)}.`,
    help: "make one of its numbers: tensor(numbers).",
  });
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
  takesBoundary(arguments);
  const known = rememberFunction(fn);
  const takes = signature(`the boundary \`${name}\``, { "..inputs": kind.tensor });
  return async (...inputs) => {
    takes(inputs);
    const nodes = inputs.map((x) => x.node);
    const drop = dropAt("boundary", `the boundary \`${name}\``, nodes, typeof rule === "string" ? rule : "stop");
    await evaluate(nodes);
    // Constants: what the inside reads is no cut, the rule says so.
    const given = inputs.map((x) => {
      return typeof rule === "string" ? x.detach(`boundary ${name}`) : new Tensor(constant(x.node, x.node.value!));
    });
    const output = checkOutput(name, await known(...given as unknown as A));
    await evaluate([output.node]);
    const value = new Tensor(constant(output.node, output.node.value!));
    if (drop) madeFrom(value.node, drop);
    return typeof rule === "string" ? value : new Tensor(crossing(name, inputs, value, rule));
  };
}
