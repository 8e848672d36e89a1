/** Operations, their gradients and second derivatives on both engines against PyTorch. */

import { evaluate } from "../../lib/tensor/settle.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { onEachEngine } from "../engines.ts";
import { readFixture } from "../fixtures/pytorch.ts";
import { byOperation, checkRow, type OperationRow } from "./pytorch.ts";

async function values(tensors: readonly Tensor[]): Promise<ArrayLike<number>[]> {
  await evaluate(tensors.map((x) => x.node));
  return await Promise.all(tensors.map((x) => x.data()));
}

for (const [op, rows] of byOperation(await readFixture<OperationRow>("operations"))) {
  onEachEngine(`${op} agrees with PyTorch, with its first and second derivatives`, async () => {
    for (const row of rows) await checkRow(row, values, 2e-5);
  });
}
