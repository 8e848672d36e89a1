/** Operations, their gradients and second derivatives in float64 against PyTorch: the meaning, apart from any engine. */

import { deepStrictEqual as equal } from "node:assert";
import { readFixture } from "../fixtures/pytorch.ts";
import { interpretNodes } from "../oracle.ts";
import { byOperation, checkRow, type OperationRow } from "./pytorch.ts";
import { operationNames } from "./table.ts";

const rows = await readFixture<OperationRow>("operations");

for (const [op, list] of byOperation(rows)) {
  Deno.test(`${op} means what PyTorch means, with its first and second derivatives (float64)`, async () => {
    for (const row of list) {
      await checkRow(row, (tensors) => Promise.resolve(interpretNodes(tensors.map((x) => x.node))), 2e-7);
    }
  });
}

Deno.test("every operation that the tests can call is in the fixture", () => {
  equal([...byOperation(rows).keys()].toSorted(), operationNames.toSorted());
});
