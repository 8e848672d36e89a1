/** Every derivative rule against float64 finite differences, first and second order. */

import { deepStrictEqual as equal, ok, strictEqual } from "node:assert";
import { rules } from "../../lib/grad/rules.ts";
import { vjpNodes } from "../../lib/grad/vjp.ts";
import { placeholder, topological } from "../../lib/graph/node.ts";
import { binary, cast, full, mul, stopGradient, sum, unary } from "../../lib/graph/ops.ts";
import { type OpName, primitives, type UnaryName } from "../../lib/graph/primitives.ts";
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

Deno.test("at their kinks abs and relu have derivative 0", () => {
  equal(gradientAt("abs", (x) => unary("abs", x), [0, -1, 1]), [0, -1, 1]);
  equal(gradientAt("relu", (x) => unary("relu", x), [0, -1, 1]), [0, 0, 1]);
});
