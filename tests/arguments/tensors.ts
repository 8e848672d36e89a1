/** The calls of tensors, with parameters that are right and wrong. */

import * as p from "../../mod.ts";
import { aliases } from "../../lib/tensor/aliases.ts";
import {
  aFunction,
  aList,
  anAxis,
  anObject,
  aNumber,
  aShape,
  aTensor,
  type Call,
  calls,
  makes,
  many,
  maybe,
  method,
  options,
  own,
  someAxes,
  tensorOrNumber,
  truth,
  wholeNumber,
} from "./parameters.ts";

const x = p.tensor([[1, 2, 3], [4, 5, 6]]);
const whole = p.tensor([[1, 0, 2], [0, 1, 2]], { dtype: "int32" });
const mask = x.greater(2);
const row = p.tensor([1, 2, 3]);
const bits = p.randomBits(p.randomKey(0), [2]);
const key = p.randomKey(0);
const w = new p.Parameter(p.tensor([1, 2]), "w");
const v = new p.Variable(p.tensor([1, 2]), "v");
const generator = new p.Generator(0);
const random = new p.HostRandom(0);
const name = maybe(own("a", 3, true, [], {}));
const dtype = own("int32", null, "float64", "int", 3, [], Int32Array);
const made = { dtype: "float32", axes: ["a", null] };
const badMade = [{ dtype: "double" }, { axes: "ab" }, { axes: [1, 2] }, { requiresGrad: true }];

const reductions = ["sum", "prod", "mean", "max", "min", "logSumExp"] as const;
const pairs = ["add", "sub", "mul", "div", "floorDivide", "remainder", "maximum", "minimum", "pow", "atan2"] as const;
const comparisons = ["less", "lessEqual", "equal", "greater", "greaterEqual", "notEqual"] as const;
const bitwise = ["bitAnd", "bitOr", "bitXor", "shiftLeft", "shiftRight"] as const;

const ownMethods: readonly Call[] = [
  ...reductions.map((op) => method("Tensor", x, op, maybe(someAxes(0)), maybe(truth(true)))),
  ...(["any", "all"] as const).map((op) => method("Tensor", mask, op, maybe(someAxes(0)), maybe(truth(true)))),
  ...(["argmax", "argmin"] as const).map((op) => method("Tensor", x, op, maybe(anAxis(0)), maybe(truth(true)))),
  method("Tensor", x, "norm", maybe(someAxes(-1)), maybe(truth(true))),
  ...(["variance", "std"] as const).map((op) =>
    method(
      "Tensor",
      x,
      op,
      maybe(someAxes(0)),
      options({ correction: 0, keepDim: true }, { unbiased: false }, { keepdim: true }, { keepDim: 1 }, {
        correction: "0",
      }),
    )
  ),
  ...pairs.map((op) => method("Tensor", x, op, tensorOrNumber(2))),
  ...comparisons.map((op) => method("Tensor", x, op, tensorOrNumber(x))),
  ...(["and", "or"] as const).map((op) => method("Tensor", mask, op, tensorOrNumber(mask))),
  ...bitwise.map((op) => method("Tensor", bits, op, tensorOrNumber(bits))),
  method("Tensor", row.sum(), "item"),
  method("Tensor", w.square().sum(), "backward"),
  method("Tensor", row, "outer", tensorOrNumber(row)),
  method("Tensor", x, "gelu", maybe(own("tanh", "erf", 1, null, true))),
  method("Tensor", x, "elu", maybe(aNumber(1))),
  method("Tensor", x, "leakyRelu", maybe(aNumber(0.1))),
  method("Tensor", x, "tril", maybe(wholeNumber(1))),
  method("Tensor", x, "triu", maybe(wholeNumber(1))),
  method("Tensor", x, "detach", maybe(own("why", 3, true, {}))),
  method("Tensor", x, "clamp", maybe(own(0, "0", [0], {})), maybe(own(1, "1", [1], {}))),
  method("Tensor", x, "clampMin", tensorOrNumber(0)),
  method("Tensor", x, "clampMax", tensorOrNumber(0)),
  method("Tensor", x, "lerp", aTensor(x), tensorOrNumber(0.5)),
  method("Tensor", x, "cumprod", anAxis(1)),
  ...(["sort", "argsort"] as const).map((op) => method("Tensor", x, op, maybe(anAxis(1)), maybe(truth(true)))),
  method("Tensor", x, "topk", own(2, null, "2", 2.5, -1, [2], x), maybe(anAxis(1)), maybe(truth(true))),
  method("Tensor", x, "roll", own(1, null, "1", 0.5, ["1"], {}, [1, 2]), maybe(someAxes(0))),
  many(method("Tensor", x, "repeat", wholeNumber(2), wholeNumber(1))),
  many(method("Tensor", x, "tile", maybe(wholeNumber(2)))),
  method("Tensor", x, "movedim", anAxis(0), anAxis(1)),
  method("Tensor", x, "unflatten", anAxis(1), own([3, 1], null, 3, "3", ["3"], [2, 2], {}, x)),
  method("Tensor", x, "diagonal", maybe(wholeNumber(1)), maybe(anAxis(0)), maybe(anAxis(1))),
  ...(["diag", "diagEmbed", "diagflat"] as const).map((op) => method("Tensor", row, op, maybe(wholeNumber(1)))),
  method("Tensor", x, "scatter", anAxis(1), aTensor(whole.select(1, 0).unsqueeze(1)), tensorOrNumber(0)),
  method(
    "Tensor",
    x,
    "indexAdd",
    anAxis(0),
    aTensor(whole.select(1, 0)),
    aTensor(x),
    options({ alpha: 2 }, { alpha: "2" }, 2),
  ),
  method("Tensor", x, "where", aTensor(mask), tensorOrNumber(0)),
  method("Tensor", x, "maskedFill", aTensor(mask), tensorOrNumber(0)),
  method("Tensor", x, "cast", dtype),
  method("Tensor", x, "softmax", anAxis(1), options({ where: mask }, { where: true }, { where: [true] }, { dim: 1 })),
  method("Tensor", x, "logSoftmax", anAxis(1)),
  method("Tensor", x, "cumsum", anAxis(1), maybe(truth(true))),
  many(method("Tensor", x, "reshape", wholeNumber(3), wholeNumber(2))),
  many(method("Tensor", x, "expand", wholeNumber(2), wholeNumber(3))),
  many(method("Tensor", x, "permute", anAxis(1), anAxis(0))),
  many(method("Tensor", x, "named", own("a", 3, true, [], {}), own("b", 3))),
  method("Tensor", x, "flatten", maybe(anAxis(0)), maybe(anAxis(1))),
  method("Tensor", x, "transpose", maybe(anAxis(0)), maybe(anAxis(1))),
  method("Tensor", x, "unsqueeze", wholeNumber(0), name),
  method("Tensor", x.unsqueeze(0), "squeeze", maybe(someAxes(0))),
  method("Tensor", x, "slice", anAxis(0), wholeNumber(0), maybe(own(2, null, "2", 0.5, [])), maybe(wholeNumber(1))),
  method("Tensor", x, "select", anAxis(0), wholeNumber(0)),
  method("Tensor", x, "split", own(1, null, "1", 0.5, ["1"], {}), maybe(anAxis(0))),
  method("Tensor", x, "chunk", own(2, null, "2", 0, 0.5, []), maybe(anAxis(0))),
  method("Tensor", x, "unbind", maybe(anAxis(0))),
  method("Tensor", x, "pad", anAxis(0), wholeNumber(1), wholeNumber(1), maybe(own(3, { value: 3 }, "x", null, [3]))),
  method("Tensor", x, "flip", someAxes(0)),
  method("Tensor", x, "take", aTensor(whole.select(0, 0)), anAxis(0)),
  method("Tensor", x, "gather", anAxis(1), aTensor(whole)),
  method("Tensor", x, "takeAlongAxis", aTensor(whole), anAxis(1)),
  method("Tensor", x, "scatterAdd", anAxis(1), aTensor(whole), aTensor(x)),
  method("Tensor", x, "matmul", aTensor(row)),
];

/** Methods of tensors, also by their other names; those that are not named take nothing. */
export const methods: readonly Call[] = [
  ...ownMethods,
  ...Object.entries(aliases).flatMap(([alias, name]) => {
    const of = ownMethods.find((one) => one.name === `Tensor.${name}`);
    return of ? [{ ...of, ...method("Tensor", of.target!, alias, ...of.parameters), many: of.many }] : [];
  }),
  ...(["viewAs", "reshapeAs", "expandAs"] as const).map((op) => method("Tensor", x, op, aTensor(x))),
  method("Tensor", x, "mm", aTensor(x.transpose())),
  method("Tensor", x.unsqueeze(0), "bmm", aTensor(x.transpose().unsqueeze(0))),
  method("Tensor", x, "mv", aTensor(row)),
  method("Tensor", row, "dot", aTensor(row)),
  method("Tensor", x, "narrow", anAxis(1), wholeNumber(0), wholeNumber(2)),
  method("Tensor", x, "indexSelect", anAxis(0), aTensor(whole.select(0, 0))),
];

/** Its memory went to another thread. */
const lost = new Float32Array([1, 2]);
structuredClone(lost, { transfer: [lost.buffer] });

const square = (y: p.Tensor): p.Tensor => y.square().sum();
const gradientOf = p.grad(square);
const bothOf = p.valueAndGrad(square);
const compiled = p.compile((y: p.Tensor = row) => y.add(1));

/** Functions that make, join, draw and differentiate tensors, and what changes. */
export const functions: readonly Call[] = [
  calls(
    "tensor",
    p.tensor,
    own(
      [1, 2],
      null,
      "x",
      {},
      [1, null],
      [1, "a"],
      [x, 1],
      [[1], [1, 2]],
      new Float64Array(2),
      [1, , 3],
      Array(3),
      new Map(),
      lost,
    ),
    options({ dtype: "float32", shape: [1, 2] }, [2, 1], "int32", { shape: 2 }, { shape: [3] }, ...badMade),
  ),
  calls(
    "fromBuffer",
    p.fromBuffer,
    own(new Float32Array(2), null, 3, "x", [1, 2], {}, new Uint8Array(2), new ArrayBuffer(8), lost),
    options({ shape: [1, 2] }, { dtype: "float32" }, { shape: 2 }, { shape: [3] }),
  ),
  calls("full", p.full, aShape([1, 2]), own(3, null, "3", [], {}), options(made, ...badMade)),
  calls("zeros", p.zeros, aShape([1, 2]), options(made, ...badMade)),
  calls("ones", p.ones, aShape([1, 2]), options(made, ...badMade)),
  calls("zerosLike", p.zerosLike, aTensor(x)),
  calls("onesLike", p.onesLike, aTensor(x)),
  calls("arange", p.arange, own(0, null, "0", [], 2 ** 31), maybe(own(4, "4", [], NaN)), maybe(own(1, "1", 0, NaN))),
  calls("linspace", p.linspace, aNumber(0), aNumber(1), own(3, null, 2.5, -3, "3", NaN)),
  calls("eye", p.eye, own(2, null, 2.5, -1, "2"), maybe(own(3, 2.5, -1, "3"))),
  calls("concat", p.concat, aList([x, x], x, [x, 1], []), maybe(anAxis(0))),
  calls("cat", p.cat, aList([x, x], x, [x, 1], []), maybe(anAxis(0))),
  calls("stack", p.stack, aList([x, x], x, [x, 1], []), maybe(wholeNumber(0)), name),
  many(
    calls("einsum", p.einsum, own("ij,kj", null, 3, "ij", "i,j", "ij,jk->ij", "ij,kj->im", {}), aTensor(x), aTensor(x)),
  ),
  calls(
    "meshgrid",
    p.meshgrid,
    aList([row, row], row, [x, row], [row, 1]),
    options({ indexing: "xy" }, { indexing: "yx" }, "xy"),
  ),
  calls("vstack", p.vstack, aList([x, x], x, [x, 1], [])),
  calls("hstack", p.hstack, aList([x, x], x, [x, 1], [])),
  calls("cholesky", p.cholesky, own(p.eye(2), null, 3, "x", x, row, {})),
  calls(
    "solveTriangular",
    p.solveTriangular,
    own(p.eye(2), null, 3, "x", x, row, {}),
    own(p.eye(2), null, 3, "x", x.transpose(), row, {}),
    options({ upper: true }, { upper: 1 }, { lower: true }),
  ),
  calls("where", p.where, aTensor(mask), tensorOrNumber(x), tensorOrNumber(0)),
  calls("matmul", p.matmul, aTensor(x), aTensor(row)),
  calls("oneHot", p.oneHot, aTensor(whole), own(3, null, 0, 2.5, -1, "3")),
  calls("stopGradient", p.stopGradient, aTensor(x), maybe(own("why", 3, true, {}))),
  calls("noGrad", p.noGrad, aFunction(() => x), maybe(own("why", 3, true, {}))),
  calls("randomKey", p.randomKey, own(0, null, "0", -1, 0.5, NaN, 2 ** 53, [])),
  calls("splitKey", p.splitKey, own(key, null, 0, [0, 0], x), maybe(own(2, 0, 0.5, "2"))),
  calls("randomBits", p.randomBits, own(key, null, 0, x), aShape([2])),
  calls(
    "uniform",
    p.uniform,
    own(key, null, 0, x),
    aShape([2]),
    maybe(own(0, "0", null, NaN)),
    maybe(own(1, "1", null, NaN)),
  ),
  calls("normal", p.normal, own(key, null, 0, x), aShape([2])),
  calls(
    "bernoulli",
    p.bernoulli,
    own(key, null, 0, x),
    aShape([2]),
    own(0.5, null, "x", "0.5", [0.5], true, Object.create(null), 1.5, -0.1, NaN),
  ),
  calls(
    "randomInt",
    p.randomInt,
    own(key, null, 0, x),
    aShape([2]),
    own(0, null, "0", 0.5),
    own(3, null, "3", 2.5, -1),
  ),
  makes(p.Generator, own(0, null, "0", -1, 0.5)),
  method("Generator", generator, "uniform", aShape([2]), maybe(aNumber(0)), maybe(aNumber(1))),
  method("Generator", generator, "normal", aShape([2])),
  ...["next", "variables"].map((name) => method("Generator", generator, name)),
  makes(p.RandomStream, own([0, 1], null, 0, "x", ["a", 1], {}, key)),
  makes(p.HostRandom, own(0, null, "0", -1, 0.5)),
  method("HostRandom", random, "uniform", own(2, null, "2", -1, 0.5), maybe(aNumber(0)), maybe(aNumber(1))),
  method("HostRandom", random, "normal", own(2, null, "2", -1, 0.5)),
  method("HostRandom", random, "permutation", own(2, null, "2", -1, 0.5)),
  ...["bits", "next", "split", "key", "state"].map((name) => method("HostRandom", random, name)),
  method(
    "HostRandom",
    random,
    "restore",
    own([1, 2, 0, 0], null, 3, "x", [1], ["a"], {}, [1, 2, 0, NaN], [1, 2, -1, 0], [2 ** 32, 0, 0, 0]),
  ),
  calls(
    "scan",
    p.scan,
    aFunction((c: p.Tensor, y: p.Tensor) => [c.add(y), c]),
    own(p.zeros([]), null, 0, "x", [0], { a: 1 }),
    own(row, null, 3, "x", [1, 2], { a: 1 }, new Map()),
    options({ reverse: true }, { length: "3" }, { length: 1.5 }, { reverse: 1 }, { state: 3 }, { state: x }),
  ),
  calls(
    "cond",
    p.cond,
    own(x.sum().greater(0), null, 3, true, x, mask, "x", {}),
    aFunction((y: p.Tensor) => y),
    aFunction((y: p.Tensor) => y.neg()),
    maybe(aList([x], x, [3])),
  ),
  calls(
    "whileLoop",
    p.whileLoop,
    aFunction((y: p.Tensor) => y.less(3)),
    aFunction((y: p.Tensor) => y.add(1)),
    own(p.zeros([]), null, 0, "x", [0], { a: 1 }),
    anObject({ maxSteps: 3 }, { maxSteps: 0 }, { maxSteps: "3" }, {}, { max_steps: 3 }),
  ),
  calls("checkpoint", p.checkpoint, aFunction(square)),
  calls("leaves", p.leaves, own(x, null, 3, "x", [1], { a: 1 }, new Map([["a", x]]), new Set([x]))),
  calls("mapTree", p.mapTree, own(x, null, 3, "x", [1], { a: 1 }, new Map()), aFunction((y: p.Tensor) => y)),
  calls(
    "padBatch",
    p.padBatch,
    own({ x }, null, 3, "x", [], { a: 1 }),
    options({ lengths: [4] }, { lengths: 4 }, { lengths: [0] }, { lengths: ["4"] }),
  ),
  makes(p.Variable, aTensor(x), maybe(own("name", 3, true, [], {}))),
  makes(p.Parameter, aTensor(x), maybe(own("name", 3, true, [], {}))),
  method("Variable", v, "variables"),
  method("Variable", v, "assign", aTensor(row.slice(0, 0, 2))),
  method("Parameter", w, "assign", aTensor(row.slice(0, 0, 2))),
  calls(
    "compile",
    p.compile,
    aFunction(square),
    options({ name: "f" }, { name: 3 }, { state: 3 }, { state: x }, { state: [x] }, { checkNumerics: 1 }, {
      programs: 0,
    }, { programs: "2" }),
  ),
  many(calls("a compiled function", compiled, maybe(own(x, null, "x", true, [1], { a: 1 }, () => 1, new Map())))),
  calls(
    "gradients",
    p.gradients,
    aTensor(w.sum()),
    aList([w], w),
    options({ allowUnused: true }, { allowUnused: 1 }, { allow_unused: true }),
  ),
  calls("grad", p.grad, aFunction(square)),
  many(calls("the function of grad()", gradientOf, aTensor(row))),
  calls("valueAndGrad", p.valueAndGrad, aFunction(square)),
  many(calls("the function of valueAndGrad()", bothOf, aTensor(row))),
  calls("vjp", p.vjp, aFunction((y: p.Tensor) => y.mul(2)), aTensor(row), aTensor(row)),
  calls("hvp", p.hvp, aFunction(square), aTensor(row), aTensor(row)),
  calls("jvp", p.jvp, aFunction((y: p.Tensor) => y.mul(2)), aTensor(row), aTensor(row)),
  calls("jacobian", p.jacobian, aFunction((y: p.Tensor) => y.mul(2)), aTensor(row)),
  calls("vmap", p.vmap, aFunction(square), maybe(own(0, "0", 0.5, ["0"], {}, x))),
  calls("the function of vmap()", p.vmap(square), aTensor(x)),
  calls(
    "gradcheck",
    p.gradcheck,
    aFunction(square),
    aList([row], row),
    options({ eps: 0.01 }, { eps: "1" }, { tol: 1 }, { atol: null }),
  ),
];
