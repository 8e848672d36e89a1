/** A natural gradient with a matrix that is not positive definite: conjugate gradients divide by 0. */

import { compile, conjugateGradient, FlatVector, Parameter, ParameterGroup, tensor } from "../../../../mod.ts";

const w = new Parameter(tensor([1, 1]), "w");
const group = new ParameterGroup("policy", [w]);
const matrix = tensor([[1, 0], [0, -1]]);
const product = (v: FlatVector<"policy">) => new FlatVector("policy", matrix.matmul(v.tensor));
const step = compile(() => {
  const slope = group.gradient(w.sum());
  const direction = conjugateGradient(product, slope); // expect G401
  group.assign(group.values().add(direction));
}, { state: group });
await step();
