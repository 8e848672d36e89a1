/** Runs one operation of the WebAssembly engine's table over arrays, and compares numbers in units of the last place. */

import { fail } from "node:assert/strict";
import type { DType } from "../../lib/graph/types.ts";
import { type CallName, emitCall, type HelperName, makeHelper } from "../../lib/engine/wasm/calls.ts";
import { Code, ModuleWriter } from "../../lib/engine/wasm/encoder.ts";

/** Numbers of a dtype; a bool is an int32, -1 for true. */
export type Numbers = Float32Array | Int32Array | Uint32Array;

/** An operation over arrays: gives its results, which the next call overwrites. */
export interface Vectorised {
  (...args: readonly Numbers[]): Numbers;
  /** Computes that many vectors of the last call again. */
  readonly again: (vectors: number) => void;
}

const arrays = { float32: Float32Array, int32: Int32Array, uint32: Uint32Array, bool: Int32Array };

/** Bytes between one argument and the next. */
const room = 1 << 16;

/** The operation `name`, for arrays of up to 16,384 numbers. */
export function vectorised(name: CallName, dtype: DType, argTypes: readonly DType[]): Vectorised {
  const module = new ModuleWriter();
  const end = (argTypes.length + 1) * room;
  const constants = new Map<string, { readonly place: number; readonly bytes: Uint8Array }>();
  const constant = (bytes: Uint8Array): number => {
    const key = bytes.join();
    const known = constants.get(key) ?? { place: end + 16 * constants.size, bytes: bytes.slice() };
    constants.set(key, known);
    return known.place;
  };
  const helpers = new Map<HelperName, number>();
  const need = (helper: HelperName): number => {
    if (!helpers.has(helper)) helpers.set(helper, module.add(makeHelper(helper, need, constant)));
    return helpers.get(helper)!;
  };
  const code = new Code(["i32"], []);
  const at = code.local("i32");
  const args = argTypes.map(() => code.local("v128"));
  code.loop(() => {
    code.get(at);
    args.forEach((local, i) => code.get(at).op("v128.load", (i + 1) * room).set(local));
    emitCall(code, name, dtype, args, argTypes, need);
    code.op("v128.store", 0);
    code.get(at).i32(16).op("i32.add").tee(at).get(0).op("i32.lt_u").op("br_if", 0);
  });
  module.add(code, "run");
  const memory = new WebAssembly.Memory({ initial: argTypes.length + 2 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  const run = exports.run as (bytes: number) => void;
  const buffer = memory.buffer as ArrayBuffer;
  for (const { place, bytes } of constants.values()) new Uint8Array(buffer).set(bytes, place);
  const call = (...values: readonly Numbers[]): Numbers => {
    values.forEach((x, i) => new arrays[argTypes[i]!](buffer, (i + 1) * room, x.length).set(x));
    run(values[0]!.length * 4);
    return new arrays[dtype](buffer, 0, values[0]!.length);
  };
  return Object.assign(call, { again: (vectors: number) => run(vectors * 16) });
}

/**
 * The distance of float32 `found` from `exact` in units of the last place that `exact` has as float32. Infinite where one is NaN
 * and the other not, and where zeros have different signs.
 */
export function ulps(found: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(found, rounded)) return 0;
  if (Number.isNaN(found) || Number.isNaN(exact) || found === rounded) return Infinity;
  // Beyond the largest number comes infinity, one unit away.
  const held = (x: number): number => Math.max(-(2 ** 128), Math.min(2 ** 128, x));
  const size = Math.min(2 ** 127, Math.max(2 ** -126, Math.abs(exact)));
  return Math.abs(held(found) - held(exact)) / 2 ** (Math.floor(Math.log2(size)) - 23);
}

/** Throws with the arguments of the first result that is further than `most` units from the exact one. */
export function assertUlps(
  name: CallName,
  args: readonly Float32Array[],
  exact: (...args: number[]) => number,
  most: number,
): void {
  const run = vectorised(name, "float32", args.map(() => "float32"));
  for (let start = 0; start < args[0]!.length; start += 16_384) {
    const part = args.map((x) => x.subarray(start, start + 16_384));
    run(...part).forEach((found, i) => {
      const numbers = part.map((x) => x[i]!);
      const away = ulps(found, exact(...numbers));
      if (!(away <= most)) fail(`${name}(${numbers}) is ${found}, not ${exact(...numbers)}: ${away} units away`);
    });
  }
}
