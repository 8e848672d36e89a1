/** Which kernels a graph becomes, whatever the machine: that they can run in the order in which they are, and stay of a size. */

import { deepStrictEqual as equal, ok } from "node:assert/strict";
import { chooseHeld } from "../../lib/engine/fused/fuse.ts";
import { groupUnits, type Unit } from "../../lib/engine/fused/group.ts";
import { prepare } from "../../lib/engine/fused/prepare.ts";
import type { Target } from "../../lib/engine/fused/target.ts";
import { core } from "../../lib/engine/wasm/program.ts";
import { type Node, placeholder } from "../../lib/graph/node.ts";
import * as ops from "../../lib/graph/ops.ts";
import { simplify } from "../../lib/graph/simplify.ts";
import { aval } from "../../lib/graph/types.ts";
import { Random } from "../random.ts";

const target: Target = {
  ...core,
  refusesOutside: false,
  timesInProduct: ({ m, n }) => [n, m],
  isThin: () => false,
};

function unitsOf(outputs: readonly Node[]): Unit[] {
  const roots = prepare(outputs, target);
  const held = chooseHeld(roots, target);
  return groupUnits(roots, { held, sinks: new Set(roots), target });
}

const membersOf = ({ draft, scan }: Unit): readonly Node[] => draft ? [...draft.members] : [scan!];
const madeBy = (node: Node): Node => node.op === "output" ? node.inputs[0]! : node;

/** Checks that each unit reads only what units before it have computed. */
function checkOrder(units: readonly Unit[]): void {
  const computed = new Set<Node>();
  const all = new Set(units.flatMap(membersOf));
  for (const unit of units) {
    for (const node of unit.reads) {
      const isThere = !all.has(madeBy(node)) || computed.has(madeBy(node));
      ok(isThere, `${node.op} is read before it is computed.`);
    }
    membersOf(unit).forEach((x) => computed.add(x));
  }
}

/** Operations on 3 and 5 numbers, some of which cannot join each other. */
function tangled(seed: number): Node[] {
  const random = new Random(seed);
  const pool: Node[] = [3, 5].map((n) => placeholder(aval("float32", [n])));
  const resized = (x: Node): Node => x.shape[0] === 3 ? ops.pad(x, [0], [2]) : ops.slice(x, [1], [4]);
  for (let i = 0; i < 25; i++) {
    const [x, y] = [random.pick(pool), random.pick(pool)];
    const kind = random.pick(["cumsum", "cumsum", "sin", "add"]);
    if (kind === "cumsum") pool.push(ops.cumsum(x, 0));
    else if (kind === "sin") pool.push(ops.unary("sin", random.chance(0.5) ? resized(x) : x));
    else pool.push(ops.add(ops.unary("sin", x), x.shape[0] === y.shape[0] ? y : resized(y)));
  }
  return pool.slice(2);
}

Deno.test("a kernel reads only what kernels before it have computed", () => {
  for (let seed = 0; seed < 200; seed++) checkOrder(unitsOf(simplify(tangled(seed))));
});

Deno.test("kernels stay apart that lie around one which has taken up what needs the first of them", () => {
  const [x, y] = [placeholder(aval("float32", [3])), placeholder(aval("float32", [5]))];
  const first = ops.unary("sin", x);
  const between = ops.cumsum(first, 0);
  const host = ops.unary("cos", y);
  // Joins `first`, so that what `between` reads needs `host`.
  const second = ops.add(ops.slice(host, [0], [3]), x);
  // Would join `host`, but for `between`.
  const guest = ops.mul(ops.pad(between, [0], [2]), y);
  const units = unitsOf([first, between, host, second, guest]);
  checkOrder(units);
  const home = (node: Node): Unit => units.find((unit) => membersOf(unit).includes(node))!;
  equal(home(second), home(first));
  ok(home(guest) !== home(host));
});
