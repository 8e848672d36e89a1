/** A token that the table has no row for, in a compiled step. */

import { compile, HostRandom, Linear, Parameter, SGD, type Tensor, tensor } from "../../../../mod.ts";

const random = new HostRandom(12),
  table = new Parameter(tensor(random.uniform(20, -1, 1), { shape: [5, 4] }), "table"),
  head = new Linear(4, 1, random);
const optimizer = new SGD([table, ...head.parameters()], { lr: 0.01 });
const step = compile((tokens: Tensor) => {
  const loss = head.forward(table.take(tokens, 0)).square().mean(); // expect G308
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [table, head, optimizer] });
for (let i = 0; i < 3; i++) console.debug(await (await step(tensor([1, 2, 3 + i], { dtype: "int32" }))).item());
