/** Initial values of weights, drawn on the host: the same on every engine. Weights are `[out, in]`, as in PyTorch. */

import { type Advice, signature } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { lackOf } from "../graph/memory.ts";
import { sameShape, type Shape, sizeOf } from "../graph/types.ts";
import { stack } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import { fromData, Tensor } from "../tensor/tensor.ts";
import { Parameter } from "../tensor/variable.ts";

/** Draws a weight `[out, in]`. */
export type Initializer = (random: HostRandom, shape: Shape) => Tensor;

const drawn = { random: kind.hostRandom, shape: kind.shape };
const takesDraw = signature("an initialiser", drawn);

/** `draw`, which refuses other arguments. */
function initializer(draw: Initializer): Initializer {
  return function initialise(random, shape) {
    takesDraw(arguments);
    return draw(random, shape);
  };
}

/** Of what makes an initialiser, where it was itself given as one. */
const made = (name: string, call: string): Advice => ([first]) => {
  return kind.hostRandom.accepts(first) ? `${name}() makes an initialiser: { weightInit: ${call} }` : undefined;
};

const takesUniform = signature("uniformInit()", { bound: kind.finite }, made("uniformInit", "uniformInit(0.1)"));

/** Uniform in [-bound, bound]. */
export function uniformInit(bound: number): Initializer {
  takesUniform(arguments);
  return initializer((random, shape) => fromData(random.uniform(sizeOf(shape), -bound, bound), "float32", shape));
}

const takesNormal = signature("normalInit()", { std: kind.finite }, made("normalInit", "normalInit(0.1)"));

/** Normal with mean 0 and standard deviation `std`. */
export function normalInit(std: number): Initializer {
  takesNormal(arguments);
  return initializer((random, shape) => {
    return fromData(Float32Array.from(random.normal(sizeOf(shape)), (x) => x * std), "float32", shape);
  });
}

const takesDefault = signature("defaultInit()", drawn);

/** PyTorch's default for Linear: uniform in +-1 / sqrt(in). */
export const defaultInit: Initializer = (...given): Tensor => {
  takesDefault(given);
  const [random, shape] = given;
  return uniformInit(1 / Math.sqrt(shape.at(-1)!))(random, shape);
};

/** Rows of unit length, orthogonal to the rows before (modified Gram-Schmidt, twice for accuracy). */
function orthonormalRows(random: HostRandom, rows: number, columns: number): Float64Array[] {
  const result: Float64Array[] = [];
  while (result.length < rows) {
    const row = random.normal(columns);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of result) {
        const along = row.reduce((sum, x, i) => sum + x * other[i]!, 0);
        row.forEach((x, i) => row[i] = x - along * other[i]!);
      }
    }
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    result.push(row.map((x) => x / length));
  }
  return result;
}

const takesOrthogonal = signature(
  "orthogonal()",
  { gain: kind.optional(kind.finite) },
  made("orthogonal", "orthogonal()"),
);

/**
 * Orthogonal rows or columns, whichever are fewer, times `gain` (Saxe et al. 2013). The entries of a weight of more than two
 * axes along its first axis are the rows, as in PyTorch. The initialiser throws a RangeError for fewer than two axes.
 */
export function orthogonal(gain = 1): Initializer {
  takesOrthogonal(arguments);
  return initializer((random, shape) => {
    if (shape.length < 2) throw new RangeError(`orthogonal() needs a weight of at least two axes, not [${shape}].`);
    const [rows, columns] = [shape[0]!, sizeOf(shape.slice(1))];
    const wide = rows <= columns;
    const basis = orthonormalRows(random, Math.min(rows, columns), Math.max(rows, columns));
    const data = Float32Array.from({ length: rows * columns }, (_, k) => {
      const [i, j] = [Math.floor(k / columns), k % columns];
      return gain * (wide ? basis[i]![j]! : basis[j]![i]!);
    });
    return fromData(data, "float32", shape);
  });
}

/** Weights `[member, ..]`: those of each member are drawn by themselves. */
export function eachMember(init: Initializer): Initializer {
  return (random, [members, ...shape]) => {
    const lack = lackOf(4 * members! * sizeOf(shape));
    if (lack !== null) throw new RangeError(`${members!.toLocaleString("en-US")} members ${lack}`);
    return stack(Array.from({ length: members! }, () => init(random, shape)));
  };
}

/**
 * A parameter whose first value is drawn from `random`.
 *
 * @throws PlumblineError G304 if an initialiser of one's own gives another shape.
 */
export function drawParameter(name: string, shape: Shape, init: Initializer, random: HostRandom): Parameter {
  const value = init(random, shape);
  if (value instanceof Tensor && !sameShape(value.shape, shape)) {
    throw new PlumblineError({
      code: "G304",
      message: `an initialiser gives what \`${name}\` is, [${shape}], not [${value.shape}].`,
      help: "its second argument is the shape: (random, shape) => ..",
    });
  }
  return new Parameter(value, name);
}
