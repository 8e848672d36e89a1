/** Indices as int32 in locals, and as addresses in bytes. */

import { type Atom, constant, type Ix, variable } from "../fused/ix.ts";
import type { Code } from "./encoder.ts";
import type { Scope } from "./scope.ts";

/** An address: a local, if it has a part that is not known when the program is made, and a number of bytes. */
export interface Address {
  readonly local: number | null;
  readonly offset: number;
}

/** Pushes an index. */
export function pushIndex(ix: Ix, scope: Scope, code: Code): void {
  if (ix.terms.length === 0) {
    code.i32(ix.offset);
    return;
  }
  pushSum(ix, 1, scope, code);
  if (ix.offset !== 0) code.i32(ix.offset).op("i32.add");
}

/** The local of an index, computed once. */
function indexLocal(ix: Ix, scope: Scope): number {
  const home = scope.homeOf(ix);
  if (ix.offset === 0 && ix.terms.length === 1 && ix.terms[0]!.factor === 1) return atomLocal(ix.terms[0]!.atom, scope);
  return home.make(`#${ix.key}`, "i32", true, (code) => pushIndex(ix, home, code)).local;
}

/** An index of 4-byte elements as an address, `bytes` further on. */
export function addressOf(ix: Ix, bytes: number, scope: Scope): Address {
  if (ix.terms.length === 0) return { local: null, offset: bytes + 4 * ix.offset };
  // The local is taken for a number without a sign.
  const shift = Math.max(0, ix.offset - ix.lo);
  const home = scope.homeOf(ix);
  const key = `&${shift}:${ix.terms.map((t) => `${t.factor}*${t.atom.key}`).join("+")}`;
  const { local } = home.make(key, "i32", true, (code) => {
    pushSum(ix, 4, home, code);
    if (shift > 0) code.i32(4 * shift).op("i32.add");
  });
  return { local, offset: bytes + 4 * (ix.offset - shift) };
}

/** Pushes the part of an address that is not an instruction's own offset. */
export function pushAddress({ local }: Address, code: Code): void {
  if (local === null) code.i32(0);
  else code.get(local);
}

/** An index that is held to [lo, hi]. */
export function clamped(ix: Ix, lo: number, hi: number, scope: Scope): Ix {
  if (ix.lo >= lo && ix.hi <= hi) return ix;
  if (ix.terms.length === 0) return constant(Math.min(Math.max(ix.offset, lo), hi));
  const from = indexLocal(ix, scope);
  const home = scope.homeOf(ix);
  const name = `[${lo},${hi}]${ix.key}`;
  home.make(`$${name}`, "i32", true, (code) => {
    code.get(from).i32(lo).get(from).i32(lo).op("i32.gt_s").op("select");
    const least = code.local("i32");
    code.tee(least).i32(hi).get(least).i32(hi).op("i32.lt_s").op("select");
  });
  return variable(name, lo, hi);
}

function pushSum(ix: Ix, unit: number, scope: Scope, code: Code): void {
  ix.terms.forEach(({ atom, factor }, i) => {
    code.get(atomLocal(atom, scope));
    pushTimes(factor * unit, code);
    if (i > 0) code.op("i32.add");
  });
}

function pushTimes(factor: number, code: Code): void {
  const bits = Math.log2(factor);
  if (Number.isInteger(bits)) {
    if (bits > 0) code.i32(bits).op("i32.shl");
  } else code.i32(factor).op("i32.mul");
}

function atomLocal(atom: Atom, scope: Scope): number {
  if (atom.kind === "var") return scope.variable(atom.key).local;
  const home = scope.homeOf(atom.of);
  return home.make(`#${atom.key}`, "i32", true, (code) => {
    pushIndex(atom.of, home, code);
    const bits = Math.log2(atom.by);
    const unsigned = atom.of.lo >= 0;
    if (Number.isInteger(bits) && unsigned) {
      if (atom.kind === "div") code.i32(bits).op("i32.shr_u");
      else code.i32(atom.by - 1).op("i32.and");
      return;
    }
    const name = atom.kind === "div" ? "i32.div" : "i32.rem";
    code.i32(atom.by).op(`${name}_${unsigned ? "u" : "s"}` as "i32.div_s");
  }).local;
}
