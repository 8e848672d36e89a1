/** Axes as a user says them: a position, from the end if negative, or a name. */

import { PlumblineError } from "../graph/error.ts";
import type { Node } from "../graph/node.ts";
import { type Aval, aval, type Axes, describe } from "../graph/types.ts";

/** A position, from the end if negative, or a name. */
export type Axis = number | string;

/** One axis or several. */
export type AxisOrAxes = Axis | readonly Axis[];

/**
 * The position of an axis; `help` says what to do where there is none.
 *
 * @throws PlumblineError G304 if there is no such axis.
 */
export function resolveAxis(node: Node, axis: Axis, help?: string): number {
  const rank = node.shape.length;
  const position = typeof axis === "string" ? node.axes.indexOf(axis) : axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(position) || position < 0 || position >= rank) {
    const name = typeof axis === "string" ? `\`${shortName(axis)}\`` : JSON.stringify(axis);
    const message = `${describe(node)} has no axis ${name}.`;
    throw new PlumblineError({ code: "G304", message, made: [node], ...help !== undefined && { help } });
  }
  return position;
}

/** A name as far as a message repeats it: a whole text was meant for something else. */
function shortName(name: string): string {
  return name.length > 40 ? `${name.slice(0, 40)}..` : name;
}

/**
 * Throws unless `names` has a name, or null, for each axis of `x`, none of them twice.
 *
 * @throws PlumblineError G303
 */
export function checkNames(names: Axes, x: Pick<Aval, "dtype" | "shape">, what: string): void {
  const given = names.filter((name) => name !== null);
  const twice = given.find((name, i) => given.indexOf(name) !== i);
  if (names.length === x.shape.length && twice === undefined) return;
  const problem = twice === undefined
    ? `${names.length} names for the ${x.shape.length} axes`
    : `\`${twice}\` for two axes`;
  const told = describe(aval(x.dtype, x.shape));
  throw new PlumblineError({ code: "G303", message: `${what} was given ${problem} of ${told}.` });
}

/** The sizes of parts of `size` that make up `n`; of nothing there is one, which is empty. */
export function partsOf(n: number, size: number): number[] {
  return Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, i) => Math.min(size, n - i * size));
}

/** Whether `axis` is the one that a scalar is taken to have, as in PyTorch: 0 or -1. */
export function isAxisOfScalar(node: Node, axis: AxisOrAxes): boolean {
  return node.shape.length === 0 && [axis].flat().every((x) => x === 0 || x === -1);
}

/** The positions of axes, each once. */
export function resolveAxes(node: Node, axes: AxisOrAxes): number[] {
  const list: readonly Axis[] = Array.isArray(axes) ? axes : [axes];
  const positions = list.map((axis) => resolveAxis(node, axis));
  if (new Set(positions).size !== positions.length) {
    throw new PlumblineError({
      code: "G304",
      message: `an axis of ${describe(node)} is named twice in [${list}].`,
      made: [node],
    });
  }
  return positions;
}
