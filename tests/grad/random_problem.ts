/** Random graphs as losses, of which there are gradients. */

import type { Node } from "../../lib/graph/node.ts";
import { add, full, mul, reshape, sum } from "../../lib/graph/ops.ts";
import { sizeOf } from "../../lib/graph/types.ts";
import type { Variety } from "../ops/random_builder.ts";
import { randomGraph } from "../ops/random_graph.ts";
import { Random } from "../random.ts";

const isFloat = (x: Node): boolean => x.dtype === "float32";

/** The sum of all. */
export const total = (x: Node): Node => reshape(sum(x, x.shape.map((_, i) => i)), []);

const nothing = full("float32", [], 0);

/** A loss of many inputs. */
export interface Problem {
  readonly inputs: readonly Node[];
  readonly feeds: readonly (readonly number[])[];
  readonly loss: Node;
  /** A direction to go in, for every float input. */
  readonly directions: ReadonlyMap<Node, readonly number[]>;
}

/** The float outputs of a random graph in one loss; noise on the inputs keeps them off kinks and ties. */
export function problem(seed: number, size = 25, variety: Partial<Variety> = {}): Problem {
  const { inputs, feeds, outputs } = randomGraph(seed, size, { excluded: ["stopGradient"], ...variety });
  const random = new Random(seed + 1000);
  const floats = outputs.filter(isFloat);
  return {
    inputs,
    feeds: inputs.map((x, i) => isFloat(x) ? feeds[i]!.map((v) => v + random.uniform(-0.06, 0.06)) : feeds[i]!),
    loss: floats.map((x) => mul(total(x), full("float32", [], random.uniform(-1, 1)))).reduce(add, nothing),
    directions: new Map(inputs.filter(isFloat).map((x) => [x, random.floats(sizeOf(x.shape))])),
  };
}
