/** A row of tests/fixtures/pytorch/operations.jsonl as tensors: results, gradients and second derivatives. */

import { deepStrictEqual as equal } from "node:assert";
import { vjpNodes } from "../../lib/grad/vjp.ts";
import { fullLike, reshape, sum } from "../../lib/graph/ops.ts";
import type { Node } from "../../lib/graph/node.ts";
import { Tensor } from "../../lib/tensor/tensor.ts";
import {
  checkNumbers,
  directions,
  type FixtureArray,
  type FixtureNumber,
  lossWeights,
  toTensor,
} from "../fixtures/pytorch.ts";
import { callOperation, type FixtureArgs } from "./table.ts";

/** A row of the file. */
export interface OperationRow {
  readonly op: string;
  readonly args: FixtureArgs;
  readonly inputs: readonly FixtureArray[];
  readonly outputs: readonly FixtureArray[];
  /** Of the float32 inputs. */
  readonly gradients?: readonly (readonly FixtureNumber[])[];
  readonly second?: readonly (readonly FixtureNumber[])[];
  /** Small results count as much as large ones. */
  readonly relative?: boolean;
}

/** Numbers to compute, with what PyTorch has for them. */
export interface Comparison {
  readonly what: string;
  readonly actual: Tensor;
  readonly expected: readonly FixtureNumber[];
  readonly floor: number;
}

const isFloat = (x: { readonly dtype: string }): boolean => x.dtype === "float32";

/** `sum_i <tensors[i], weights[i]>`, as a scalar. */
function weigh(tensors: readonly Tensor[], weights: readonly Tensor[]): Node {
  return tensors
    .map((x, i) => x.mul(weights[i]!).node)
    .map((x) => new Tensor(reshape(sum(x, x.shape.map((_, k) => k)), [])))
    .reduce((a, b) => a.add(b)).node;
}

function gradients(loss: Node, wrt: readonly Tensor[]): Tensor[] {
  const nodes = wrt.map((x) => x.node);
  return vjpNodes([loss], [fullLike(loss, 1)], nodes).map((g, i) => new Tensor(g ?? fullLike(nodes[i]!, 0)));
}

/** What a row asks for. */
export function comparisons(row: OperationRow): Comparison[] {
  const inputs = row.inputs.map(toTensor);
  return comparisonsOf(row, callOperation(row.op, inputs, row.args), inputs.filter(isFloat));
}

/** The same of results and of what is differentiated; results must have PyTorch's dtypes and shapes. */
export function comparisonsOf(row: OperationRow, outputs: readonly Tensor[], wrt: readonly Tensor[]): Comparison[] {
  const compare = (what: string, actual: Tensor, expected: readonly FixtureNumber[], floor = 1): Comparison => {
    return { what: `${row.op}(${JSON.stringify(row.args)}) ${what}`, actual, expected, floor };
  };
  equal(
    outputs.map(({ dtype, shape }) => ({ dtype, shape })),
    row.outputs.map(({ dtype, shape }) => ({ dtype, shape })),
  );
  const found = row.outputs.map((e, i) => compare(`result ${i}`, outputs[i]!, e.data, row.relative ? 1e-30 : 1));
  if (!row.gradients) return found;
  const floats = outputs.filter(isFloat);
  const first = gradients(weigh(floats, lossWeights(floats.map((x) => x.shape))), wrt);
  row.gradients.forEach((e, i) => found.push(compare(`gradient ${i}`, first[i]!, e)));
  if (!row.second) return found;
  const second = gradients(weigh(first, directions(first.map((x) => x.shape))), wrt);
  row.second.forEach((e, i) => found.push(compare(`second derivative ${i}`, second[i]!, e)));
  return found;
}

/** Compares everything; `values` computes the numbers. */
export async function checkRow(
  row: OperationRow,
  values: (tensors: readonly Tensor[]) => Promise<readonly ArrayLike<number>[]>,
  tolerance: number,
): Promise<void> {
  const list = comparisons(row);
  const found = await values(list.map((x) => x.actual));
  list.forEach(({ what, expected, floor }, i) => checkNumbers(found[i]!, expected, tolerance, what, floor));
}

/** The rows by operation. */
export function byOperation(rows: readonly OperationRow[]): ReadonlyMap<string, OperationRow[]> {
  return Map.groupBy(rows, (row) => row.op);
}
