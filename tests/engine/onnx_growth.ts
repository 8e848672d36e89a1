/** A program of its own, since memory is the whole process's: prints by how many bytes 2,000 runs make it grow. */

import * as ops from "../../lib/graph/ops.ts";
import { compile, input, storage } from "./onnx_harness.ts";

const x = input([64, 64]);
const y = input([64, 64]);
const program = await compile([x, y], [ops.unary("tanh", ops.matmul(x, y)), ops.sum(x, [0, 1])], [[0, 0]]);
let state = storage("float32", new Array(4096).fill(0.01));
const other = storage("float32", new Array(4096).fill(0.01));

async function steps(n: number): Promise<number> {
  for (let i = 0; i < n; i++) [state] = await program.run([state, other]) as [typeof state];
  return Deno.memoryUsage().rss;
}

await steps(1500);
const before = await steps(500);
const after = await steps(2000);
console.log(after - before);
