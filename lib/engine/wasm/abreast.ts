/**
 * Several vectors abreast. In a chain of operations each waits for the one before; what is done for other vectors meanwhile
 * costs nothing, as long as registers hold what is in between.
 */

import type { Expr, Interner } from "../fused/expr.ts";
import { costly } from "../fused/target.ts";
import type { View } from "./lanes.ts";
import { chosenArgument } from "./values.ts";

/** The most vectors abreast. */
const mostAbreast = 4;
/** Vector registers that values may be in. */
const registers = 14;
/** The most instructions that are written side by side. */
const mostWritten = 800;
/** So many instructions are looked ahead at by the processor itself. */
const window = 224;
/** Cycles until a result is there, and instructions, of an operation: of one like a sine, of one like an addition. */
const slow = { cycles: 40, instructions: 30 };
const quick = { cycles: 4, instructions: 1 };

/** How many vectors are best computed abreast: a power of two. */
export function abreast(exprs: Interner, roots: readonly Expr[]): number {
  const order = inOrder(exprs, roots);
  const { chain, instructions } = lengthsOf(exprs, order);
  // Two instructions a cycle.
  const least = 1.25 * instructions / 2;
  const waits = (count: number): boolean => chain / Math.max(count, window / instructions) > least;
  const most = Math.min(mostAbreast, mostWritten / instructions);
  let count = 1;
  while (2 * count <= most && waits(count)) count *= 2;
  const room = count === 1 ? 1 : registers / mostAlive(exprs, order);
  while (count > 1 && count > room) count /= 2;
  // Two vectors of random bits are made as fast as one.
  return order.some(isRandom) ? Math.max(2, count) : count;
}

function isRandom({ form }: Expr): boolean {
  return form.kind === "call" && form.name === "threefry";
}

/** What expressions are made of and they themselves, arguments first. */
function inOrder(exprs: Interner, roots: readonly Expr[]): Expr[] {
  return [...exprs.reached(roots)].sort((a, b) => a.id - b.id);
}

/** The cycles of the longest chain, and all instructions. */
function lengthsOf(exprs: Interner, order: readonly Expr[]): { chain: number; instructions: number } {
  const ends = new Float64Array(exprs.size);
  let [chain, instructions] = [0, 1];
  for (const expr of order) {
    const { form } = expr;
    let start = 0;
    for (const x of exprs.operands(expr)) start = Math.max(start, ends[x.id]!);
    const cost = form.kind === "call" && (costly.has(form.name) || isRandom(expr)) ? slow : quick;
    const isNumber = form.kind === "const" || form.kind === "index" || form.kind === "within";
    ends[expr.id] = isNumber ? start : start + cost.cycles;
    instructions += isNumber ? 0 : cost.instructions;
    chain = Math.max(chain, ends[expr.id]!);
  }
  return { chain, instructions };
}

/** How many values are held at once at most, constants aside. */
function mostAlive(exprs: Interner, order: readonly Expr[]): number {
  const lastUse = new Int32Array(exprs.size);
  order.forEach((expr, i) => exprs.operands(expr).forEach((x) => lastUse[x.id] = i));
  const ends = new Int32Array(order.length);
  let [alive, most] = [0, 1];
  order.forEach((expr, i) => {
    const last = lastUse[expr.id]!;
    if (expr.form.kind !== "const" && last > 0) {
      alive++;
      ends[last]!++;
    }
    most = Math.max(most, alive);
    alive -= ends[i]!;
  });
  return most;
}

/** What is needed for `root` in the lanes of a view and is not among `done` yet, arguments first. */
export function neededFor(exprs: Interner, root: Expr, view: View, done: Set<Expr>): Expr[] {
  const found: Expr[] = [];
  const visit = (expr: Expr): void => {
    if (done.has(expr)) return;
    done.add(expr);
    const chosen = chosenArgument(expr, view);
    if (chosen) visit(chosen);
    else exprs.operands(expr).forEach(visit);
    found.push(expr);
  };
  visit(root);
  return found;
}
