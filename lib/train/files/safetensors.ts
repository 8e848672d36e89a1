/**
 * The safetensors format: a little-endian u64 length, a JSON header of that length, then the numbers without gaps.
 * https://github.com/huggingface/safetensors#format
 */

import { createHash } from "node:crypto";
import { readBeginning } from "./regular.ts";
import { shown } from "../../graph/kinds.ts";
import { allocate, type DType, type SavedTensor, sizeOf } from "../../graph/types.ts";

/** Named tensors and free text about them. */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, SavedTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const codes: Readonly<Record<DType, string>> = { float32: "F32", int32: "I32", uint32: "U32", bool: "BOOL" };
const dtypes = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]));
/** Dtypes of other tools, as numbers of ours: each with the bytes of an element and how it is read. */
const foreign: Readonly<Record<string, Foreign>> = {
  F64: { dtype: "float32", bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F16: { dtype: "float32", bytes: 2, read: (view, at) => halfOf(view.getUint16(at, true)) },
  BF16: { dtype: "float32", bytes: 2, read: (view, at) => brainOf(view.getUint16(at, true)) },
  I64: { dtype: "int32", bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  I16: { dtype: "int32", bytes: 2, read: (view, at) => view.getInt16(at, true) },
  I8: { dtype: "int32", bytes: 1, read: (view, at) => view.getInt8(at) },
  U8: { dtype: "int32", bytes: 1, read: (view, at) => view.getUint8(at) },
};
const metadataKey = "__metadata__";
const lengthBytes = 8;
/** The format's own limit of the header. */
const largestHeader = 100_000_000;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

interface Foreign {
  readonly dtype: DType;
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

/** IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
function halfOf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0
    ? fraction * 2 ** -24
    : exponent === 31
    ? (fraction === 0 ? Infinity : NaN)
    : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a float32. */
function brainOf(bits: number): number {
  word.setUint32(0, bits * 2 ** 16);
  return word.getFloat32(0);
}

/** The numbers of a foreign dtype. Throws for a whole number that int32 cannot hold. */
function converted(
  name: string,
  { dtype, bytes, read }: Foreign,
  data: Uint8Array,
  count: number,
): SavedTensor["data"] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const numbers = allocate(dtype, count);
  for (let i = 0; i < count; i++) {
    const x = numbers[i] = read(view, bytes * i);
    if (dtype === "int32" && numbers[i] !== x) {
      throw new Error(`holds ${x} in ${shown(name)}, which does not fit in int32.`);
    }
  }
  return numbers;
}

function bytesOf(data: SavedTensor["data"]): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The SHA-256 of a header that has no digest, and of the numbers, as the metadata keep it. */
function digestOf(header: Record<string, unknown>, data: Iterable<Uint8Array>): string {
  const hash = createHash("sha256").update(JSON.stringify(header));
  for (const bytes of data) hash.update(bytes);
  return hash.digest("hex");
}

/**
 * Writes a file. The same tensors give the same bytes: wide dtypes first, for alignment, then by name. Its metadata have a digest of all
 * the rest, by which {@linkcode decodeSafetensors} knows damage.
 */
export function encodeSafetensors(file: SafetensorsFile): Uint8Array {
  return encodeWithDigest(file).file;
}

/** As {@linkcode encodeSafetensors}, and the digest. */
export function encodeWithDigest({ tensors, metadata }: SafetensorsFile): { file: Uint8Array; digest: string } {
  const names = Object.keys(tensors).sort((a, b) => {
    const wide = tensors[b]!.data.BYTES_PER_ELEMENT - tensors[a]!.data.BYTES_PER_ELEMENT;
    return wide !== 0 ? wide : a < b ? -1 : 1;
  });
  const header: Record<string, unknown> = { [metadataKey]: metadata };
  let size = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]!;
    if (name === metadataKey || data.length !== sizeOf(shape)) {
      throw new Error(`"${name}" [${shape}] with ${data.length} numbers cannot be a tensor of a safetensors file.`);
    }
    header[name] = { dtype: codes[dtype], shape, data_offsets: [size, size += data.byteLength] };
  }
  const digest = digestOf(header, names.map((name) => bytesOf(tensors[name]!.data)));
  const json = new TextEncoder().encode(JSON.stringify({ ...header, [metadataKey]: { ...metadata, digest } }));
  const headerSize = Math.ceil(json.length / lengthBytes) * lengthBytes;
  const file = new Uint8Array(lengthBytes + headerSize + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerSize), true);
  file.fill(0x20, lengthBytes, lengthBytes + headerSize);
  file.set(json, lengthBytes);
  let at = lengthBytes + headerSize;
  for (const name of names) {
    const bytes = bytesOf(tensors[name]!.data);
    file.set(bytes, at);
    at += bytes.length;
  }
  return { file, digest };
}

/** A file as it was read. */
export interface ReadSafetensors extends SafetensorsFile {
  /** That of its metadata, which was compared with what is there; null in the files of other tools. */
  readonly digest: string | null;
}

/** Reads a file; the tensors are copies. Throws a sentence without the file's name when it is damaged: "is truncated: ...". */
export function decodeSafetensors(file: Uint8Array): ReadSafetensors {
  const { header, data } = splitHeader(file);
  const { [metadataKey]: metadata = {}, ...rest } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((x) => typeof x !== "string")) {
    throw new Error("has metadata that are not texts.");
  }
  const entries = Object.entries(rest).map(([name, entry]) => ({ name, ...checkEntry(name, entry) }));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at) throw new Error(`is damaged: ${shown(name)} begins at byte ${begin} of the data, not at ${at}.`);
    at = end;
  }
  if (data.length < at) throw new Error(`is truncated: ${data.length} of ${at} bytes of its data are there.`);
  if (data.length > at) throw new Error(`is damaged: ${data.length - at} bytes follow its last tensor.`);
  const { digest = null, ...others } = metadata as Record<string, string>;
  if (digest !== null && digest !== digestOf({ [metadataKey]: others, ...rest }, [data])) {
    throw new Error("is damaged: its numbers, or their names, are not those that were written (their digest differs).");
  }
  const tensors: Record<string, SavedTensor> = {};
  for (const { name, dtype, shape, begin, end, other } of entries) {
    if (other) {
      tensors[name] = { dtype, shape, data: converted(name, other, data.subarray(begin, end), sizeOf(shape)) };
      continue;
    }
    const numbers = allocate(dtype, sizeOf(shape));
    bytesOf(numbers).set(data.subarray(begin, end));
    tensors[name] = { dtype, shape, data: numbers };
  }
  return { tensors, metadata: others, digest };
}

/** The metadata of the file at `path`, of which only the header is read: nothing is compared with its digest. */
export function readMetadata(path: string): Readonly<Record<string, string>> {
  const length = readBeginning(path, lengthBytes);
  const size = length.length < lengthBytes ? 0 : Number(new DataView(length.buffer).getBigUint64(0, true));
  const { header } = splitHeader(readBeginning(path, lengthBytes + size));
  return (header[metadataKey] ?? {}) as Record<string, string>;
}

function splitHeader(file: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (file.length < lengthBytes) throw new Error(`is truncated: it has only ${file.length} bytes.`);
  const size = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (size > largestHeader) throw new Error("is not a safetensors file: its first 8 bytes are no length of a header.");
  const there = file.length - lengthBytes;
  if (there < size) throw new Error(`is truncated: ${there} of ${size} bytes of its header are there.`);
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(file.subarray(lengthBytes, lengthBytes + size)),
    );
  } catch {
    throw new Error("is not a safetensors file: its header is not JSON.");
  }
  if (!isRecord(header)) throw new Error("is not a safetensors file: its header is not a JSON object.");
  return { header, data: file.subarray(lengthBytes + size) };
}

interface Checked {
  readonly dtype: DType;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
  /** How its numbers are read, if they are not ours. */
  readonly other: Foreign | null;
}

function checkEntry(name: string, entry: unknown): Checked {
  const { dtype: code, shape, data_offsets } = isRecord(entry) ? entry as Partial<Entry> : {};
  const other = code !== undefined && Object.hasOwn(foreign, code) ? foreign[code]! : null;
  const dtype = other?.dtype ?? dtypes.get(code ?? "");
  if (!dtype) {
    const given = code === undefined ? "without a dtype" : `as ${shown(code)}`;
    throw new Error(
      `holds ${shown(name)} ${given}; known are ${[...dtypes.keys(), ...Object.keys(foreign)].join(", ")}.`,
    );
  }
  if (!isCounts(shape) || !isCounts(data_offsets) || data_offsets.length !== 2) {
    throw new Error(`is damaged: the shape or the offsets of ${shown(name)} are no counts.`);
  }
  const [begin, end] = data_offsets as [number, number];
  const bytes = sizeOf(shape) * (other?.bytes ?? (dtype === "bool" ? 1 : 4));
  if (end - begin !== bytes) {
    throw new Error(
      `is damaged: ${shown(name)} ${dtype} [${shape}] needs ${bytes} bytes, its offsets give ${end - begin}.`,
    );
  }
  return { dtype, shape: [...shape], begin, end, other };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
