/**
 * `scan` as a node: a loop whose body is a closed graph. What the body uses from outside becomes a constant input.
 *
 * Inputs of the node: the initial carries, the xs (leading axis = steps), the constants. Outputs, taken by `output`
 * nodes: the final carries, the ys (stacked), then each carry as every step received it (stacked): what the derivative
 * needs. Engines compute only outputs that are taken.
 */

import { PlumblineError } from "./error.ts";
import { makeNode, type Node, placeholder, substitute, topological } from "./node.ts";
import { scanOutputs } from "./primitives.ts";
import { aval, describe, sameShape } from "./types.ts";

/** What one step gives: the next carries and its ys. */
export interface StepResult {
  readonly carries: readonly Node[];
  readonly ys: readonly Node[];
}

/** A scan to be built. */
export interface ScanSpec {
  readonly init: readonly Node[];
  /** The leading axis is the step. */
  readonly xs: readonly Node[];
  readonly length: number;
  readonly reverse: boolean;
  readonly step: (carries: readonly Node[], xs: readonly Node[]) => StepResult;
}

/** All outputs of a scan, in the order of the file's header. */
export interface ScanResult {
  readonly carries: readonly Node[];
  readonly ys: readonly Node[];
  readonly history: readonly Node[];
}

function checkCarries(before: readonly Node[], after: readonly Node[]): void {
  if (before.length !== after.length) {
    throw new PlumblineError({
      code: "G304",
      message: `scan() carries ${before.length} values but its step returned ${after.length}.`,
    });
  }
  before.forEach((x, i) => {
    const y = after[i]!;
    if (x.dtype !== y.dtype || !sameShape(x.shape, y.shape)) {
      throw new PlumblineError({
        code: "G304",
        message: `scan() carries ${describe(x)} as value ${i}, but its step returned ${describe(y)}.`,
        made: [y],
        help: "the step must return each carried value in the shape and dtype of its initial value.",
      });
    }
  });
}

/** Nodes outside the body that the body uses: the frontier between what depends on `inner` and what does not. */
function captured(outputs: readonly Node[], inner: ReadonlySet<Node>): Node[] {
  const depends = new Set<Node>(inner);
  const order = topological(outputs, (n) => inner.has(n));
  for (const node of order) if (node.inputs.some((x) => depends.has(x))) depends.add(node);
  const free = (node: Node): boolean => node.op === "full" || node.op === "iota";
  const found = new Set<Node>();
  for (const node of order) {
    if (!depends.has(node) || inner.has(node)) continue;
    for (const x of node.inputs) if (!depends.has(x) && !free(x)) found.add(x);
  }
  for (const x of outputs) if (!depends.has(x) && !free(x)) found.add(x);
  return [...found];
}

/** Traces one step and makes the loop of it; what the step uses from outside becomes a constant of the body. */
export function makeScan({ init, xs, length, reverse, step }: ScanSpec): ScanResult {
  const carries = init.map((x) => placeholder(x));
  const slices = xs.map((x) => placeholder(aval(x.dtype, x.shape.slice(1), x.axes.slice(1))));
  const result = step(carries, slices);
  checkCarries(carries, result.carries);
  const outputs = [...result.carries, ...result.ys];
  const outer = captured(outputs, new Set([...carries, ...slices]));
  const constants = outer.map((x) => placeholder(x));
  const body = {
    inputs: [...carries, ...slices, ...constants],
    outputs: substitute(outputs, new Map(outer.map((x, i) => [x, constants[i]!]))),
  };
  const attrs = { body, carries: carries.length, xs: slices.length, length, reverse };
  const node = makeNode("scan", [...init, ...xs, ...outer], attrs);
  const all = scanOutputs(attrs).map((aval, index) => makeNode("output", [node], { index, aval }));
  const ys = all.length - carries.length;
  return { carries: all.slice(0, carries.length), ys: all.slice(carries.length, ys), history: all.slice(ys) };
}
