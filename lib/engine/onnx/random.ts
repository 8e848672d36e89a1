/** Threefry-2x32-20 as ONNX operations, for keys that are known only while the program runs. */

import { type Shape, sizeOf } from "../../graph/types.ts";
import type { Builder, Value } from "./builder.ts";
import { elementTypes } from "./proto.ts";

const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]] as const;
const parity = 0x1bd11bda;

/**
 * The bits of `shape` from `key` [2], as `graph/threefry.ts` defines them. ONNX Runtime adds no uint32: the first word is
 * summed in int64 without reducing it, and cut to 32 bits where bits are mixed.
 */
export function emitRandomBits(b: Builder, key: Value, shape: Shape): Value {
  const size = sizeOf(shape);
  const blocks = Math.ceil(size / 2);
  const unsigned = (name: string): string => b.cast(name, elementTypes.uint32);
  const wide = (name: string): string => b.cast(name, elementTypes.int64);
  const u32 = (value: number): string => b.scalar("uint32", value).name;
  const part = (index: number): string => b.op("Gather", [key.name, b.int64(index)], { axis: 0 });
  const [k0, k1] = [part(0), part(1)];
  const k2 = b.op("BitwiseXor", [b.op("BitwiseXor", [k0, k1]), u32(parity)]);
  const keys = [k0, k1, k2].map(wide);
  const counter = b.tensor("int32", [blocks], Int32Array.from({ length: blocks }, (_, i) => i));
  const rotate = (x: string, by: number): string =>
    b.op("BitwiseOr", [
      b.op("BitShift", [x, u32(by)], { direction: "LEFT" }),
      b.op("BitShift", [x, u32(32 - by)], { direction: "RIGHT" }),
    ]);
  let x0 = b.op("Add", [wide(counter.name), keys[0]!]);
  let x1 = b.op("Expand", [k1, b.sizes([blocks])]);
  for (let group = 0; group < 5; group++) {
    for (const by of rotations[group % 2]!) {
      x0 = b.op("Add", [x0, wide(x1)]);
      x1 = b.op("BitwiseXor", [rotate(x1, by), unsigned(x0)]);
    }
    x0 = b.op("Add", [x0, keys[(group + 1) % 3]!]);
    const bump = b.op("Add", [keys[(group + 2) % 3]!, b.int64(group + 1)]);
    x1 = unsigned(b.op("Add", [wide(x1), bump]));
  }
  const columns = [unsigned(x0), x1].map((name) =>
    b.reshape({ name, dtype: "uint32", shape: [blocks] }, [blocks, 1]).name
  );
  const pairs: Value = { name: b.op("Concat", columns, { axis: 1 }), dtype: "uint32", shape: [blocks, 2] };
  const flat = b.reshape(pairs, [2 * blocks]);
  const cut = 2 * blocks === size ? flat.name : b.op("Slice", [flat.name, b.sizes([0]), b.sizes([size]), b.sizes([0])]);
  return b.reshape({ name: cut, dtype: "uint32", shape: [size] }, shape);
}
