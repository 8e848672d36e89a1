/** What no program can hold is refused before it is made: tensors of more numbers than are counted, results without room. */

import { type ErrorParts, PlumblineError } from "../graph/error.ts";
import { bytesText, lackOf } from "../graph/memory.ts";
import { type Node, topological } from "../graph/node.ts";
import { describe, sizeOf } from "../graph/types.ts";

/** Programs count the numbers of a tensor in 32 bits, with a sign. */
const mostNumbers = 2 ** 31 - 1;

const bytesOf = ({ dtype, shape }: Node): number => sizeOf(shape) * (dtype === "bool" ? 1 : 4);

function refuse(node: Node, end: string): never {
  const parts: ErrorParts = {
    code: "G308",
    message: `${node.site.called ?? node.op}() makes ${describe(node)}, which ${end}`,
    sites: [node.site],
    help: "compute it in parts, such as batches of rows: scan() takes one after the other.",
  };
  throw new PlumblineError(parts);
}

function refuseUncountable(outputs: readonly Node[]): void {
  for (const node of topological(outputs)) {
    const size = sizeOf(node.shape);
    if (size > mostNumbers) {
      const numbers = `${size.toLocaleString("en-US")} numbers (${bytesText(bytesOf(node))})`;
      refuse(node, `has ${numbers}; a program takes ${mostNumbers.toLocaleString("en-US")} at most.`);
    }
    if (node.op === "scan") refuseUncountable(node.attrs.body.outputs);
  }
}

/** Whether what an operation makes lies in memory for certain, whatever it is fused with. */
const isKept = ({ op }: Node): boolean => op === "matmul" || op === "convolution" || op === "output";

/**
 * Throws a {@linkcode PlumblineError} G308 if a tensor behind `outputs` has more numbers than programs count or, where host memory holds
 * them, the outputs or one of the products and loops take more than is free; what is inside of loops is not asked.
 */
export function refuseTooLarge(outputs: readonly Node[], isOnHost: boolean): void {
  refuseUncountable(outputs);
  if (!isOnHost) return;
  let all = 0;
  for (const node of new Set(outputs)) {
    all += bytesOf(node);
    const lack = lackOf(all);
    if (lack !== null) refuse(node, all === bytesOf(node) ? lack : `with the other results ${lack}`);
  }
  for (const node of topological(outputs)) {
    const lack = isKept(node) ? lackOf(bytesOf(node)) : null;
    if (lack !== null) refuse(node, lack);
  }
}
