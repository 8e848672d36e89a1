/** Which shapes and axis names may meet in one element-wise operation. */

import { PlumblineError } from "./error.ts";
import type { Site } from "./site.ts";
import { type Aval, type Axes, describe, type Shape, sizeOf } from "./types.ts";

type Operand = Aval & {
  readonly site: Site;
  readonly op: string;
  readonly inputs: readonly Operand[];
};

function refuse(code: "G302" | "G303", message: string, nodes: readonly Operand[], help: string): never {
  throw new PlumblineError({ code, message, made: nodes, help });
}

/** Operands without their last axes. */
function leading(operands: readonly Operand[], last: number): readonly Operand[] {
  if (last === 0) return operands;
  return operands.map((x) => ({ ...x, shape: x.shape.slice(0, -last), axes: x.axes.slice(0, -last) }));
}

/**
 * The common shape, as NumPy aligns them, of all axes but the `last` ones. Operands of different ranks that repeat each other
 * along axes of the same size ([B] with [B, 1]) are refused: that is almost always a forgotten axis. [6, 1] with [4] is an outer
 * product, and so are two tables that were counted out, as the angles of positions and frequencies are.
 *
 * @throws PlumblineError G302
 */
export function broadcastShape(whole: readonly Operand[], last = 0): Shape {
  const operands = leading(whole, last);
  const rank = Math.max(...operands.map((x) => x.shape.length));
  const shape = Array.from({ length: rank }, (_, i) => {
    const sizes = operands.map((x) => x.shape[i - rank + x.shape.length] ?? 1);
    const size = sizes.find((n) => n !== 1) ?? 1;
    if (sizes.some((n) => n !== 1 && n !== size)) {
      const list = whole.map(describe).join(" and ");
      refuse(
        "G302",
        `the shapes of ${list} do not fit: axis ${i - rank - last} has sizes ${sizes.join(" and ")}.`,
        whole,
        missingAxis(operands) ?? "sizes must be equal, or one of them 1: insert a missing axis with unsqueeze().",
      );
    }
    return size;
  });
  const ranks = new Set(operands.filter((x) => sizeOf(x.shape) !== 1).map((x) => x.shape.length));
  const isLarger = ranks.size > 1 && operands.every((x) => sizeOf(x.shape) < sizeOf(shape));
  if (isLarger && repeatAlike(operands, rank) && !whole.every(isTable)) {
    const list = whole.map(describe).join(" and ");
    refuse(
      "G302",
      `${list} would become [${shape}${last > 0 ? ",.." : ""}], larger than each of them.`,
      whole,
      "if that is meant, give both the same rank with unsqueeze(); if not, one of them has an axis too many: squeeze() it.",
    );
  }
  return shape;
}

/** The sizes along which `a` repeats `b`, both aligned from the right. */
function repeated(a: Shape, b: Shape, rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i + 1).flatMap((fromEnd) => {
    const n = a[a.length - fromEnd] ?? 1;
    return n !== 1 && (b[b.length - fromEnd] ?? 1) === 1 ? [n] : [];
  });
}

/** Whether two operands of different ranks repeat each other along axes of the same size. */
function repeatAlike(operands: readonly Operand[], rank: number): boolean {
  return operands.some(({ shape: a }) =>
    operands.some(({ shape: b }) => {
      if (a.length === b.length) return false;
      const others = repeated(b, a, rank);
      return repeated(a, b, rank).some((n) => others.includes(n));
    })
  );
}

/** Whether `x` was counted out: made of arange() and numbers alone, of nothing that was measured or learnt. */
function isTable(x: Operand): boolean {
  const seen = new Set<Operand>([x]);
  for (const node of seen) {
    if (node.op === "input" || node.op === "scan") return false;
    for (const input of node.inputs) seen.add(input);
  }
  return [...seen].some((node) => node.op === "iota");
}

/** How to insert the axis that one of two operands lacks: `unsqueeze(2, "agent")`. */
function missingAxis(operands: readonly Operand[]): string | null {
  const [full, short] = operands.toSorted((a, b) => b.shape.length - a.shape.length);
  const missing = full!.axes.flatMap((name, i) => name !== null && !short!.axes.includes(name) ? [{ name, i }] : []);
  const [only] = missing;
  if (missing.length !== 1 || !only || short!.axes.every((name) => name === null)) return null;
  return `insert the axis \`${only.name}\` into ${describe(short!)} with unsqueeze(${only.i}, "${only.name}")`;
}

/** Whether the axes of operands of one rank have the same names. */
export function haveSameNames(operands: readonly Pick<Aval, "axes">[]): boolean {
  const [first] = operands;
  return operands.every((x) => x === first || x.axes.every((name, i) => name === first!.axes[i]));
}

/**
 * The axis names of a result, but for the `last` ones: a name wins over no name.
 *
 * @throws PlumblineError G303 if two different names would align.
 */
export function broadcastAxes(whole: readonly Operand[], last = 0): Axes {
  const operands = leading(whole, last);
  const rank = Math.max(...operands.map((x) => x.axes.length));
  return Array.from({ length: rank }, (_, i) => {
    let name: string | null = null;
    for (const x of operands) {
      const other = x.axes[i - rank + x.axes.length] ?? null;
      if (name !== null && other !== null && other !== name) {
        const list = whole.map(describe).join(" and ");
        refuse(
          "G303",
          `the axes of ${list} do not align: \`${name}\` meets \`${other}\`.`,
          whole,
          `${missingAxis(operands) ?? "insert the missing axis with unsqueeze()"}, or rename one with named().`,
        );
      }
      name ??= other;
    }
    return name;
  });
}
