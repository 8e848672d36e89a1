/** The expressions of a kernel as vectors in locals: four lanes of float32, int32, uint32, or of masks for bool. */

import type { Expr, Interner } from "../fused/expr.ts";
import { add, type Ix, variable, variables, zero } from "../fused/ix.ts";
import type { Memory, Place, PlaceOf } from "../fused/place.ts";
import { type DType, sizeOf } from "../../graph/types.ts";
import { emitCall, type Need } from "./calls.ts";
import type { Code } from "./encoder.ts";
import { addressOf, clamped, pushAddress, pushIndex } from "./index.ts";
import {
  isRow,
  isUniform,
  keyOfLanes,
  type LaneIndex,
  laneIndex,
  laneIndexWith,
  type Pattern,
  patternOf,
  type View,
} from "./lanes.ts";
import { groupOf, groupWords } from "./random.ts";
import { type Known, Scope } from "./scope.ts";

/** More than a kernel has expressions. */
const mostExprs = 2 ** 24;

/** Where memory begins, in bytes. */
export type StartOf = (memory: Memory) => number;

/** Writes the values of one kernel. */
export class Values {
  readonly #viewNumbers = new WeakMap<View, number>();
  #views = 0;

  constructor(
    readonly exprs: Interner,
    readonly placeOf: PlaceOf,
    readonly startOf: StartOf,
    readonly need: Need,
  ) {}

  /** The local with the value of `expr` in the lanes of `view`. */
  value(expr: Expr, view: View, scope: Scope): Known {
    const key = this.#numberOf(view) * mostExprs + expr.id;
    const known = scope.find(key);
    if (known) return known;
    const value = this.#value(expr, view, scope);
    value.home.alias(key, value);
    return value;
  }

  #numberOf(view: View): number {
    let number = this.#viewNumbers.get(view);
    if (number === undefined) this.#viewNumbers.set(view, number = this.#views++);
    return number;
  }

  #value(expr: Expr, view: View, scope: Scope): Known {
    const { form } = expr;
    switch (form.kind) {
      case "const":
        return this.constant(expr.dtype, form.value, scope);
      case "index":
        return this.#index(this.lanes(form.ix, view, scope), scope);
      case "within":
        return this.#within(this.lanes(form.ix, view, scope), form.from, form.to, scope);
      case "load":
        return this.#load(this.placeOf(form.node), sizeOf(form.node.shape), this.lanes(form.ix, view, scope), scope);
      case "call":
        return this.#call(expr, form.name, form.args, view, scope);
      case "core":
        return this.core(form.node.id, scope);
    }
  }

  /** The result of a kernel's core, which has been named. */
  core(id: number, scope: Scope): Known {
    const known = scope.find(`core${id}`);
    if (!known) throw new Error("The kernel's core has no value here.");
    return known;
  }

  /** A number in all lanes. */
  constant(dtype: DType, value: number, scope: Scope): Known {
    const bits = dtype === "float32" ? floatBits(value) : dtype === "bool" ? -Number(value !== 0) : value | 0;
    return scope.root.make(`c${bits}`, "v128", true, (code) => code.i32x4(bits));
  }

  /** An index in the lanes of a view; one that is computed is taken out of its vector. */
  lanes(ix: Ix, view: View, scope: Scope): LaneIndex {
    const computed = this.exprs.hasDynamic
      ? [...variables(ix)].filter((name) => this.exprs.behind(name) !== undefined)
      : [];
    if (computed.length > 0) {
      const parts = new Map(computed.map((name) => [name, this.#computed(name, ix, view, scope)]));
      return laneIndexWith(ix, view, (name, lane) => parts.get(name)?.[lane] ?? null);
    }
    return laneIndex(ix, view);
  }

  /** A computed index, held to its axis, as a variable for each lane. */
  #computed(name: string, ix: Ix, view: View, scope: Scope): readonly Ix[] {
    const most = highest(ix, name)!;
    const vector = this.value(this.exprs.behind(name)!, view, scope);
    if (most === 0) return [zero, zero, zero, zero];
    const { home, uniform } = vector;
    const [least, greatest] = [0, most].map((n) => this.constant("int32", n, scope));
    const held = home.make(`held${vector.local}:${most}`, "v128", uniform, (code) => {
      code.get(vector.local).get(least!.local).op("i32x4.max_s").get(greatest!.local).op("i32x4.min_s");
    });
    return [0, 1, 2, 3].map((lane) => {
      const own = `held${vector.local}:${most}.${uniform ? 0 : lane}`;
      home.make(`$${own}`, "i32", true, (code) => code.get(held.local).op("i32x4.extract_lane", uniform ? 0 : lane));
      return variable(own, 0, most);
    });
  }

  #index(lanes: LaneIndex, scope: Scope): Known {
    const uniform = isUniform(lanes);
    return homeOf(lanes, scope).make(`i${keyOfLanes(lanes)}`, "v128", uniform, (code) => {
      const pattern = patternOf(lanes);
      if (pattern) {
        const { start, deltas } = pattern;
        if (start.terms.length === 0) {
          code.i32x4(...deltas.map((n) => n + start.offset) as [number, number, number, number]);
          return;
        }
        pushIndex(start, scope, code);
        code.op("i32x4.splat");
        if (!uniform) code.i32x4(...deltas).op("i32x4.add");
        return;
      }
      pushIndex(lanes[0], scope, code);
      code.op("i32x4.splat");
      for (let lane = 1; lane < 4; lane++) {
        pushIndex(lanes[lane]!, scope, code);
        code.op("i32x4.replace_lane", lane);
      }
    });
  }

  #within(lanes: LaneIndex, from: number, to: number, scope: Scope): Known {
    const known = insideOf(lanes, from, to);
    if (known) {
      const bits = known.map((x) => -Number(x)) as [number, number, number, number];
      return scope.root.make(`m${bits}`, "v128", isUniform(lanes), (code) => code.i32x4(...bits));
    }
    const index = this.#index(lanes, scope);
    return index.home.make(`w${from},${to}:${index.local}`, "v128", index.uniform, (code) => {
      code.get(index.local).i32x4(from).op("i32x4.ge_s").get(index.local).i32x4(to).op("i32x4.lt_s").op("v128.and");
    });
  }

  #call(expr: Expr, name: string, args: readonly Expr[], view: View, scope: Scope): Known {
    const chosen = chosenArgument(expr, view);
    if (chosen) return this.value(chosen, view, scope);
    const words = name === "threefry" ? this.#words(args, view, scope) : null;
    if (words) return words;
    const values = args.map((x) => this.value(x, view, scope));
    const home = values.reduce((inner, x) => Scope.inner(inner, x.home), scope.root);
    // The same of the same, in other lanes or of another expression, is there already.
    let key = `${name}:${expr.dtype}:${args[0]!.dtype}`;
    for (const x of values) key += `,${x.local}`;
    const uniform = values.every((x) => x.uniform);
    return home.make(key, "v128", uniform, (code) => {
      const isNumber = args.map(({ form }) => form.kind === "const" && !Number.isNaN(form.value));
      emitCall(code, name, expr.dtype, values.map((x) => x.local), args.map((x) => x.dtype), this.need, isNumber);
    });
  }

  /** Random words, where others lie beside them. */
  #words([a, b, block, word]: readonly Expr[], view: View, scope: Scope): Known | null {
    if (block!.form.kind !== "index" || word!.form.kind !== "index") return null;
    const group = groupOf(this.lanes(block!.form.ix, view, scope), this.lanes(word!.form.ix, view, scope));
    if (!group) return null;
    return groupWords(group, [this.value(a!, view, scope), this.value(b!, view, scope)], scope, this.need);
  }

  /** Elements of a value of `size` elements. Where an index lies outside (under a guard), any number will do. */
  #load(place: Place, size: number, lanes: LaneIndex, scope: Scope): Known {
    const start = this.startOf(place.memory);
    const key = `l${start}+${place.base.key}:${keyOfLanes(lanes)}`;
    const home = Scope.inner(homeOf(lanes, scope), scope.homeOf(place.base));
    const pattern = patternOf(lanes);
    return home.make(key, "v128", isUniform(lanes), (code) => {
      const at = (ix: Ix, lo: number, hi: number) =>
        addressOf(add(place.base, clamped(ix, lo, hi, scope)), start, scope);
      if (pattern && pattern.span < 8) {
        // Where some lanes lie outside, those inside keep their places.
        const before = pattern.start.lo < 0 ? -pattern.span : 0;
        const after = pattern.start.hi + pattern.span >= size ? size - 1 : Math.max(0, size - 1 - pattern.span);
        const { local, offset } = at(pattern.start, before, after);
        loadPattern(pattern, local, offset, code);
        return;
      }
      lanes.forEach((ix, lane) => {
        const address = at(ix, 0, size - 1);
        if (lane === 0) {
          pushAddress(address, code);
          code.op("v128.load32_zero", address.offset);
        } else {
          const vector = code.local("v128");
          code.set(vector);
          pushAddress(address, code);
          code.get(vector).op("v128.load32_lane", address.offset, lane);
        }
      });
    });
  }

  /** Writes the first `view.count` lanes to elements `ix` of a place. */
  store(place: Place, ix: Ix, value: Known, view: View, scope: Scope): void {
    const { code } = scope;
    const start = this.startOf(place.memory);
    const lanes = this.lanes(ix, view, scope);
    const pattern = patternOf(lanes);
    if (view.count === 4 && pattern && isRow(pattern)) {
      const address = addressOf(add(place.base, pattern.start), start, scope);
      pushAddress(address, code);
      code.get(value.local).op("v128.store", address.offset);
      return;
    }
    const shared = pattern && addressOf(add(place.base, pattern.start), start, scope);
    for (let lane = 0; lane < view.count; lane++) {
      const address = shared
        ? { local: shared.local, offset: shared.offset + 4 * pattern.deltas[lane]! }
        : addressOf(add(place.base, lanes[lane]!), start, scope);
      pushAddress(address, code);
      code.get(value.local).op("v128.store32_lane", address.offset, lane);
    }
  }
}

const float = new Float32Array(1);
const bitsOfFloat = new Int32Array(float.buffer);

function floatBits(value: number): number {
  float[0] = value;
  return bitsOfFloat[0]!;
}

function homeOf(lanes: LaneIndex, scope: Scope): Scope {
  return lanes.reduce((inner, ix) => Scope.inner(inner, scope.homeOf(ix)), scope.root);
}

/** The greatest value of a variable, where it occurs in `ix`. */
function highest(ix: Ix, name: string): number | null {
  for (const { atom } of ix.terms) {
    const found = atom.kind !== "var" ? highest(atom.of, name) : atom.key === name ? atom.hi : null;
    if (found !== null) return found;
  }
  return null;
}

/** For each lane whether its index is in [from, to); null where that is not known when a program is made. */
function insideOf(lanes: LaneIndex, from: number, to: number): boolean[] | null {
  const known = lanes.map(({ lo, hi }) => lo >= from && hi < to ? true : hi < from || lo >= to ? false : null);
  return known.includes(null) ? null : known as boolean[];
}

/** Which of two values a condition on the index takes in all lanes of a view, if that is known when a program is made. */
export function chosenArgument({ form }: Expr, view: View): Expr | null {
  if (form.kind !== "call" || form.name !== "where") return null;
  const [condition, yes, no] = form.args;
  if (condition!.form.kind !== "within") return null;
  const { ix, from, to } = condition!.form;
  const inside = insideOf(laneIndex(ix, view), from, to);
  if (inside?.every((x) => x)) return yes!;
  return inside?.every((x) => !x) ? no! : null;
}

/** Loads lanes that lie within eight neighbours of an address. */
function loadPattern(pattern: Pattern, local: number | null, offset: number, code: Code): void {
  const { deltas, span } = pattern;
  const push = (): Code => local === null ? code.i32(0) : code.get(local);
  push();
  if (span === 0) {
    code.op("v128.load32_splat", offset);
    return;
  }
  code.op("v128.load", offset);
  if (isRow(pattern)) return;
  if (span < 4) {
    const vector = code.local("v128");
    code.tee(vector).get(vector);
  } else {
    push().op("v128.load", offset + 16);
  }
  code.lanes(...deltas);
}
