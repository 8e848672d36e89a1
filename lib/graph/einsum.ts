/**
 * Einstein's sums (torch.einsum): letters name axes, those that the result lacks are summed over. Operands are joined two by two
 * from the left, each pair as one matrix product.
 */

import { diagonal } from "./arrange.ts";
import { PlumblineError } from "./error.ts";
import type { Node } from "./node.ts";
import * as ops from "./ops.ts";
import { describe, sizeOf } from "./types.ts";

/** A node whose axes have letters. */
interface Term {
  readonly node: Node;
  readonly letters: readonly string[];
}

function refuse(message: string, nodes: readonly Node[], help?: string): never {
  throw new PlumblineError({ code: "G301", message, made: nodes, ...(help ? { help } : {}) });
}

const form = 'letters for each axis, as in "ij,jk->ik"; "..." stands for any others.';

/** The letters of a part of the equation; "..." is as many axes as `others` says, the last ones of all that are not named. */
function lettersOf(text: string, others: number): string[] {
  const [before, after, more] = text.split("...");
  if (more !== undefined || /[^A-Za-z]/.test(`${before}${after ?? ""}`)) {
    refuse(`einsum() does not understand \`${text}\`.`, [], form);
  }
  // Of letters that nobody writes: aligned from the right.
  const hidden = Array.from({ length: others }, (_, i) => `.${others - i}`);
  return after === undefined ? [...before!] : [...before!, ...hidden, ...after];
}

function termsOf(parts: readonly string[], nodes: readonly Node[]): Term[] {
  if (parts.length !== nodes.length) {
    refuse(`einsum() was given ${nodes.length} tensors for ${parts.length} groups of letters.`, nodes, form);
  }
  return nodes.map((node, i) => {
    const text = parts[i]!;
    const named = text.replace("...", "").length;
    const others = text.includes("...") ? node.shape.length - named : 0;
    if (others < 0 || named + others !== node.shape.length) {
      refuse(`einsum() has the letters \`${text}\` for ${describe(node)}.`, [node], form);
    }
    return { node, letters: lettersOf(text, others) };
  });
}

/** All sizes of letters; throws where two differ. */
function checkSizes(terms: readonly Term[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { node, letters } of terms) {
    letters.forEach((letter, i) => {
      const known = sizes.get(letter) ?? node.shape[i]!;
      if (known !== node.shape[i]) {
        const name = letter.startsWith(".") ? "..." : letter;
        refuse(`einsum() has the sizes ${known} and ${node.shape[i]} for \`${name}\`.`, terms.map((x) => x.node));
      }
      sizes.set(letter, known);
    });
  }
  return sizes;
}

/** Without letters that occur twice: their diagonal. */
function onDiagonals({ node, letters }: Term): Term {
  const twice = letters.find((x, i) => letters.indexOf(x) !== i);
  if (twice === undefined) return { node, letters };
  const [a, b] = [letters.indexOf(twice), letters.lastIndexOf(twice)];
  const rest = letters.filter((_, i) => i !== a && i !== b);
  return onDiagonals({ node: diagonal(node, 0, a, b), letters: [...rest, twice] });
}

/** Without letters that nobody else has. */
function summed({ node, letters }: Term, kept: ReadonlySet<string>): Term {
  const gone = letters.flatMap((x, i) => kept.has(x) ? [] : [i]);
  const stays = letters.filter((x) => kept.has(x));
  const shape = node.shape.filter((_, i) => !gone.includes(i));
  return { node: ops.reshape(ops.sum(node, gone), shape), letters: stays };
}

/** The axes in the order of `letters`, in groups that become one axis each. */
function grouped({ node, letters }: Term, groups: readonly (readonly string[])[]): Node {
  const order = groups.flat().map((x) => letters.indexOf(x));
  const moved = ops.permute(node, order);
  let next = 0;
  return ops.reshape(moved, groups.map((group) => sizeOf(moved.shape.slice(next, next += group.length))));
}

function joined(a: Term, b: Term, kept: ReadonlySet<string>): Term {
  const [left, right] = [
    summed(a, new Set([...kept, ...b.letters])),
    summed(b, new Set([...kept, ...a.letters])),
  ];
  const shared = left.letters.filter((x) => right.letters.includes(x));
  const batch = shared.filter((x) => kept.has(x));
  const inner = shared.filter((x) => !kept.has(x));
  const [rows, columns] = [left, right].map((x) => x.letters.filter((y) => !shared.includes(y))) as [
    string[],
    string[],
  ];
  const sizes = checkSizes([left, right]);
  const [x, y] = [grouped(left, [batch, rows, inner]), grouped(right, [batch, inner, columns])];
  const isFloat = x.dtype === "float32" && y.dtype === "float32";
  const product = isFloat && inner.length > 0 ? ops.matmul(x, y) : productOf(x, y);
  const letters = [...batch, ...rows, ...columns];
  return { node: ops.reshape(product, letters.map((z) => sizes.get(z)!)), letters };
}

/** [b, m, k] and [b, k, n] to [b, m, n], without a matrix product. */
function productOf(x: Node, y: Node): Node {
  const [b, m, k] = x.shape as [number, number, number];
  const n = y.shape[2]!;
  const wide = ops.mul(ops.reshape(x, [b, m, k, 1]), ops.reshape(y, [b, 1, k, n]));
  return ops.reshape(ops.sum(wide, [2]), [b, m, n]);
}

/** What the equation says of the tensors. Without "->" the letters that occur once are kept, in the order of the alphabet. */
export function einsum(equation: string, nodes: readonly Node[]): Node {
  const [left, right, more] = equation.replaceAll(" ", "").split("->");
  if (more !== undefined || nodes.length === 0) refuse(`einsum() does not understand \`${equation}\`.`, nodes, form);
  const terms = termsOf(left!.split(","), nodes);
  const sizes = checkSizes(terms);
  const hidden = [...sizes.keys()].filter((x) => x.startsWith(".")).sort().reverse();
  const all = terms.flatMap((x) => x.letters);
  const once = [...sizes.keys()].filter((x) => !x.startsWith(".") && all.filter((y) => y === x).length === 1).sort();
  const result = right === undefined ? [...hidden, ...once] : lettersOf(right, hidden.length);
  const strange = result.find((x) => !sizes.has(x)) ?? result.find((x, i) => result.indexOf(x) !== i);
  if (strange !== undefined) {
    refuse(`einsum() has \`${strange}\` in its result ${sizes.has(strange) ? "twice" : "alone"}.`, nodes, form);
  }
  const single = terms.map(onDiagonals);
  const joint = single.slice(1).reduce((a, b, i) => {
    return joined(a, b, new Set([...result, ...single.slice(i + 2).flatMap((x) => x.letters)]));
  }, single[0]!);
  const whole = summed(joint, new Set(result));
  return ops.permute(whole.node, result.map((x) => whole.letters.indexOf(x)));
}
