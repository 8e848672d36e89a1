import assert from "node:assert/strict";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../lib/train/files/safetensors.ts";

const file: SafetensorsFile = {
  tensors: {
    done: { dtype: "bool", shape: [3], data: new Uint8Array([1, 0, 1]) },
    weights: { dtype: "float32", shape: [2, 2], data: new Float32Array([1.5, -0, NaN, 1e-45]) },
    key: { dtype: "uint32", shape: [2], data: new Uint32Array([1, 0xffffffff]) },
    count: { dtype: "int32", shape: [], data: new Int32Array([-7]) },
    empty: { dtype: "float32", shape: [0, 4], data: new Float32Array(0) },
  },
  metadata: { iteration: "10", text: 'ä "quoted"' },
};

/** A file of a given header and data, whatever they say. */
function handMade(header: unknown, data: number[] = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

Deno.test("decodeSafetensors() gives back what encodeSafetensors() wrote, bit for bit", () => {
  const read = decodeSafetensors(encodeSafetensors(file));
  assert.deepEqual(read.metadata, file.metadata);
  assert.deepEqual(Object.keys(read.tensors).sort(), Object.keys(file.tensors).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(file.tensors)) {
    const tensor = read.tensors[name]!;
    assert.deepEqual([tensor.dtype, tensor.shape], [dtype, shape], name);
    assert.deepEqual(new Uint8Array(tensor.data.buffer), new Uint8Array(data.buffer), name);
  }
});

Deno.test("encodeSafetensors() follows the format: length, JSON header, aligned data without gaps", () => {
  const bytes = encodeSafetensors(file);
  const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(size % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  assert.deepEqual(header, {
    __metadata__: { ...file.metadata, digest: decodeSafetensors(bytes).digest },
    count: { dtype: "I32", shape: [], data_offsets: [0, 4] },
    empty: { dtype: "F32", shape: [0, 4], data_offsets: [4, 4] },
    key: { dtype: "U32", shape: [2], data_offsets: [4, 12] },
    weights: { dtype: "F32", shape: [2, 2], data_offsets: [12, 28] },
    done: { dtype: "BOOL", shape: [3], data_offsets: [28, 31] },
  });
  assert.equal(bytes.length, 8 + size + 31);
  assert.equal(new DataView(bytes.buffer).getFloat32(8 + size + 12, true), 1.5);
});

Deno.test("encodeSafetensors() gives the same bytes whatever the order of the tensors", () => {
  const reversed = Object.fromEntries(Object.entries(file.tensors).reverse());
  assert.deepEqual(encodeSafetensors({ ...file, tensors: reversed }), encodeSafetensors(file));
});

Deno.test("encodeSafetensors() refuses a tensor whose shape is not its numbers'", () => {
  const tensors = { w: { dtype: "float32", shape: [3], data: new Float32Array(2) } } as const;
  assert.throws(() => encodeSafetensors({ tensors, metadata: {} }), /"w" \[3\] with 2 numbers/);
});

Deno.test("decodeSafetensors() refuses a file that is cut anywhere", () => {
  const bytes = encodeSafetensors(file);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, length)), /^Error: is truncated: /, `${length} bytes`);
  }
});

Deno.test("decodeSafetensors() refuses a file in which any bit of a number, a name or a text was turned", () => {
  const bytes = encodeSafetensors(file);
  const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  for (let at = 8; at < bytes.length; at++) {
    // Blanks that fill up the header say nothing.
    if (at < 8 + size && bytes[at] === 0x20) continue;
    const changed = bytes.slice();
    changed[at]! ^= 1 << at % 8;
    assert.throws(
      () => {
        // Only a digest by another name is none.
        if (decodeSafetensors(changed).digest === null) throw new Error("is damaged: no digest");
      },
      /^Error: (is|has|holds) /,
      `byte ${at}`,
    );
  }
});

Deno.test("decodeSafetensors() reads from the middle of a buffer", () => {
  const bytes = encodeSafetensors(file);
  const padded = new Uint8Array(bytes.length + 3);
  padded.set(bytes, 3);
  assert.deepEqual(decodeSafetensors(padded.subarray(3)).tensors.key, file.tensors.key);
});

const float = { dtype: "F32", shape: [1], data_offsets: [0, 4] };
const damaged: readonly (readonly [string, Uint8Array, string])[] = [
  [
    "no length",
    new Uint8Array(16).fill(255),
    "is not a safetensors file: its first 8 bytes are no length of a header.",
  ],
  ["no JSON", handMade("{]"), "is not a safetensors file: its header is not JSON."],
  ["no object", handMade([1]), "is not a safetensors file: its header is not a JSON object."],
  ["metadata that are numbers", handMade({ __metadata__: { a: 1 } }), "has metadata that are not texts."],
  [
    "an unknown dtype",
    handMade({ w: { ...float, dtype: "F8_E4M3" } }),
    'holds "w" as "F8_E4M3"; known are F32, I32, U32, BOOL, F64, F16, BF16, I64, I16, I8, U8.',
  ],
  [
    "no dtype",
    handMade({ w: 3 }),
    'holds "w" without a dtype; known are F32, I32, U32, BOOL, F64, F16, BF16, I64, I16, I8, U8.',
  ],
  [
    "a negative size",
    handMade({ w: { ...float, shape: [-1] } }),
    'is damaged: the shape or the offsets of "w" are no counts.',
  ],
  [
    "three offsets",
    handMade({ w: { ...float, data_offsets: [0, 4, 8] } }),
    'is damaged: the shape or the offsets of "w" are no counts.',
  ],
  [
    "offsets that do not fit the shape",
    handMade({ w: { ...float, shape: [2] } }, [0, 0, 0, 0]),
    'is damaged: "w" float32 [2] needs 8 bytes, its offsets give 4.',
  ],
  [
    "tensors that overlap",
    handMade({ a: float, b: float }, [0, 0, 0, 0]),
    'is damaged: "b" begins at byte 0 of the data, not at 4.',
  ],
  [
    "a gap",
    handMade({ a: { ...float, data_offsets: [4, 8] } }, [0, 0, 0, 0, 0, 0, 0, 0]),
    'is damaged: "a" begins at byte 4 of the data, not at 0.',
  ],
  [
    "a name of many lines",
    handMade({ [`${"long ".repeat(1000)}\n`]: 3 }),
    'holds the text "long long long long long long long long .." without a dtype; known are F32, I32, U32, BOOL, F64, F16, ' +
    "BF16, I64, I16, I8, U8.",
  ],
  ["bytes after the end", handMade({ a: float }, [0, 0, 0, 0, 0]), "is damaged: 1 bytes follow its last tensor."],
];

for (const [what, bytes, sentence] of damaged) {
  Deno.test(`decodeSafetensors() refuses ${what} in one sentence`, () => {
    assert.throws(() => decodeSafetensors(bytes), new Error(sentence));
  });
}
