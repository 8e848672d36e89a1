/** Every derivative rule against float64 finite differences, first and second order. */

import { deepStrictEqual as equal, ok, strictEqual } from "node:assert";
import { keepRule } from "../../lib/grad/batch.ts";
import { setCustomRule } from "../../lib/grad/custom.ts";
import { rules } from "../../lib/grad/rules.ts";
import { vjpNodes } from "../../lib/grad/vjp.ts";
import { batched } from "../../lib/graph/batch.ts";
import { softmax } from "../../lib/graph/composite.ts";
import { placeholder, topological } from "../../lib/graph/node.ts";
import { binary, cast, full, iota, max, mul, slice, stopGradient, sum, unary } from "../../lib/graph/ops.ts";
import { type OpName, primitives, type UnaryName } from "../../lib/graph/primitives.ts";
import { makeScan } from "../../lib/graph/scan.ts";
import { aval } from "../../lib/graph/types.ts";
import { interpretNodes } from "../oracle.ts";
import { derivativeCases } from "./cases.ts";
import { checkDerivatives } from "./finite_difference.ts";

for (const [op, cases] of Object.entries(derivativeCases)) {
  if (typeof cases === "string") continue;
  Deno.test(`the first and second derivatives of ${op} agree with finite differences`, () => {
    cases.forEach((problem, i) => checkDerivatives(problem, i));
  });
}

Deno.test("every primitive has a case of its derivative, and every case uses its primitive", () => {
  equal(Object.keys(derivativeCases).toSorted(), Object.keys(primitives).toSorted());
  for (const [op, cases] of Object.entries(derivativeCases)) {
    if (typeof cases === "string") continue;
    ok(cases.length > 0, `${op} has no case.`);
    for (const { arguments: points, of } of cases) {
      const result = of(...points.map((x) => placeholder(aval(x.dtype ?? "float32", x.shape))));
      const nodes = topological("op" in result ? [result] : result);
      ok(nodes.some((node) => node.op === op), `a case of ${op} does not use it.`);
    }
  }
});

Deno.test("exactly the primitives without a derivative have no rule", () => {
  const without = Object.entries(derivativeCases).filter(([, cases]) => typeof cases === "string").map(([op]) => op);
  const noRule = Object.entries(rules).filter(([op, rule]) => rule === null && op !== "input").map(([op]) => op);
  equal(noRule.toSorted(), without.toSorted());
});

Deno.test("no gradient flows through operations that are constant almost everywhere", () => {
  const x = placeholder(aval("float32", [2]));
  const flat: UnaryName[] = ["sign", "floor", "ceil", "round"];
  for (const op of flat) {
    const [g] = vjpNodes([sum(unary(op, x), [0])], [full("float32", [1], 1)], [x]);
    strictEqual(g, null, op);
  }
  const condition = cast(binary("less", x, full("float32", [2], 0)), "float32");
  strictEqual(vjpNodes([condition], [full("float32", [2], 1)], [x])[0], null);
});

Deno.test("stopGradient() passes its value and stops one of two paths", () => {
  const x = placeholder(aval("float32", [2]));
  const y = mul(x, stopGradient(x, "a test"));
  const [g] = vjpNodes([y], [full("float32", [2], 1)], [x]);
  const [value, gradient] = interpretNodes([y, g!], new Map([[x, [2, -3]]]));
  equal([...value!], [4, 9]);
  equal([...gradient!], [2, -3]);
});

Deno.test("an input that does not reach the output gets null, not zeros", () => {
  const [x, y] = [placeholder(aval("float32", [])), placeholder(aval("float32", []))];
  equal(vjpNodes([unary("exp", x)], [full("float32", [], 1)], [y]), [null]);
});

Deno.test("the gradient with respect to a node in the middle of a graph is found", () => {
  const x = placeholder(aval("float32", []));
  const middle = unary("exp", x);
  const [gx, gm] = vjpNodes([mul(middle, x)], [full("float32", [], 1)], [x, middle]);
  const values = interpretNodes([gx!, gm!], new Map([[x, [2]]]));
  equal(values.map((v) => v[0]), [Math.exp(2) * 2 + Math.exp(2), 2]);
});

Deno.test("a third derivative is found by three gradients", () => {
  const x = placeholder(aval("float32", []));
  const one = full("float32", [], 1);
  let y = unary("tanh", x);
  for (let order = 0; order < 3; order++) y = vjpNodes([y], [one], [x])[0]!;
  const t = Math.tanh(0.4);
  const expected = (1 - t * t) * (6 * t * t - 2);
  ok(Math.abs(interpretNodes([y], new Map([[x, [0.4]]]))[0]![0]! - expected) < 1e-14);
});

function gradientAt(
  op: OpName,
  build: (x: ReturnType<typeof placeholder>) => ReturnType<typeof placeholder>,
  data: number[],
): number[] {
  const x = placeholder(aval("float32", [data.length]));
  const y = build(x);
  const [g] = vjpNodes([y], [full("float32", y.shape, 1)], [x]);
  ok(g, op);
  return [...interpretNodes([g], new Map([[x, data]]))[0]!];
}

Deno.test("at their kinks abs and relu have derivative 0, and equal ones share that of an extremum", () => {
  equal(gradientAt("abs", (x) => unary("abs", x), [0, -1, 1]), [0, -1, 1]);
  equal(gradientAt("relu", (x) => unary("relu", x), [0, -1, 1]), [0, 0, 1]);
  equal(gradientAt("maximum", (x) => binary("maximum", x, full("float32", [3], 0)), [0, -1, 1]), [0.5, 0, 1]);
  equal(gradientAt("max", (x) => max(x, [0]), [2, 1, 2]), [0.5, 0, 0.5]);
});

Deno.test("what lies inside of a softmax has a gradient of its own where it is asked for", () => {
  const x = placeholder(aval("float32", [2]));
  const y = softmax(x, 0);
  const [raised] = y.inputs;
  const first = slice(y, [0], [1]);
  const [ofRaised, ofX] = vjpNodes([first], [full("float32", [1], 1)], [raised!, x]);
  const share = 1 / (1 + Math.E);
  const found = interpretNodes([ofRaised!, ofX!], new Map([[x, [0, 1]]]));
  // The exponentials are those of what is left of the largest: 1 / e and 1.
  const total = 1 / Math.E + 1;
  const expected = [[(1 - share) / total, -share / total], [share * (1 - share), -share * (1 - share)]];
  found.forEach((g, i) => g.forEach((value, k) => ok(Math.abs(value - expected[i]![k]!) < 1e-12)));
});

Deno.test("a batch of loops has the derivative that was given to one, of what it is given at each step too", () => {
  const [xs, all] = [placeholder(aval("float32", [3])), placeholder(aval("float32", [2, 3]))];
  const start = full("float32", [], 2);
  const { ys: [doubled] } = makeScan({
    init: [start],
    xs: [xs],
    length: 3,
    reverse: false,
    step: ([two], [x]) => ({ carries: [two!], ys: [mul(two!, x!)] }),
  });
  setCustomRule(doubled!.inputs[0]!, ([, g]) => [null, mul(g!, full("float32", [3], 7))]);
  const [whole] = batched([doubled!], new Map([[xs, all]]), 2, keepRule);
  const given = full("float32", [2, 3], 1);
  const weights = mul(given, cast(iota([2, 3], 1), "float32"));
  const [g] = vjpNodes([whole!], [weights], [all]);
  const [value, gradient] = interpretNodes([whole!, g!], new Map([[all, [1, 2, 3, 4, 5, 6]]]));
  equal([...value!], [2, 4, 6, 8, 10, 12]);
  equal([...gradient!], [0, 7, 14, 0, 7, 14]);
});
