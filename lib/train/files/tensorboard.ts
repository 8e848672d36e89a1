/**
 * TensorBoard's event files: TFRecord frames (length, masked CRC-32C of it, data, masked CRC-32C of that) of Event
 * messages. Field numbers from tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto.
 */

import { BinaryReader, BinaryWriter } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { crc32c } from "./crc.ts";
import type { Histogram } from "./histogram.ts";

/** TFRecord's mask: a checksum of data that contain checksums must not be one of them. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

const lengthBytes = 8;
const crcBytes = 4;

function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(lengthBytes + crcBytes + data.length + crcBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(lengthBytes, maskedCrc(record.subarray(0, lengthBytes)), true);
  record.set(data, lengthBytes + crcBytes);
  view.setUint32(lengthBytes + crcBytes + data.length, maskedCrc(data), true);
  return record;
}

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const eventField = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const summaryField = { value: 1 } as const;
const valueField = { tag: 1, simpleValue: 2, histogram: 5, tensor: 8, metadata: 9 } as const;
const histogramField = { min: 1, max: 2, count: 3, sum: 4, sumOfSquares: 5, limits: 6, counts: 7 } as const;
const metadataField = { pluginData: 1 } as const;
const pluginField = { name: 1 } as const;
const tensorField = { dtype: 1, shape: 2, stringValue: 8 } as const;
const shapeField = { dim: 2 } as const;
const dimField = { size: 1 } as const;
const dtypeString = 7;

type Fill = (writer: BinaryWriter) => void;

/** Writes a message as field `field`. */
function message(writer: BinaryWriter, field: number, fill: Fill): void {
  writer.tag(field, wire.bytes).fork();
  fill(writer);
  writer.join();
}

/** A framed Event. `wallTime` in seconds since 1970. */
function event(wallTime: number, step: number, fill: Fill): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(eventField.wallTime, wire.fixed64).double(wallTime);
  if (step !== 0) writer.tag(eventField.step, wire.varint).int64(step);
  fill(writer);
  return frame(writer.finish());
}

/** The record with which every event file begins. */
export function versionRecord(wallTime: number): Uint8Array {
  return event(wallTime, 0, (writer) => writer.tag(eventField.fileVersion, wire.bytes).string("brain.Event:2"));
}

/** The scalars of one step, for the Scalars tab. */
export function scalarRecord(wallTime: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  return event(wallTime, step, (writer) =>
    message(writer, eventField.summary, (writer) => {
      for (const [tag, value] of Object.entries(scalars)) {
        message(writer, summaryField.value, (writer) => {
          writer.tag(valueField.tag, wire.bytes).string(tag);
          writer.tag(valueField.simpleValue, wire.fixed32).float(clampFloat(value));
        });
      }
    }));
}

/** The histograms of one step, for the Histograms and Distributions tabs. */
export function histogramRecord(
  wallTime: number,
  step: number,
  histograms: Readonly<Record<string, Histogram>>,
): Uint8Array {
  return event(wallTime, step, (writer) =>
    message(writer, eventField.summary, (writer) => {
      for (const [tag, histogram] of Object.entries(histograms)) {
        message(writer, summaryField.value, (writer) => {
          writer.tag(valueField.tag, wire.bytes).string(tag);
          message(writer, valueField.histogram, (writer) => writeHistogram(writer, histogram));
        });
      }
    }));
}

/** A HistogramProto. */
function writeHistogram(writer: BinaryWriter, histogram: Histogram): void {
  for (const name of ["min", "max", "count", "sum", "sumOfSquares"] as const) {
    // The wire format leaves a zero out.
    if (histogram[name] !== 0) writer.tag(histogramField[name], wire.fixed64).double(histogram[name]);
  }
  for (const name of ["limits", "counts"] as const) {
    if (histogram[name].length === 0) continue;
    message(writer, histogramField[name], (writer) => {
      for (const x of histogram[name]) writer.double(x);
    });
  }
}

/** A Markdown text, for the Text tab. */
export function textRecord(wallTime: number, step: number, tag: string, markdown: string): Uint8Array {
  return event(
    wallTime,
    step,
    (writer) =>
      message(writer, eventField.summary, (writer) =>
        message(writer, summaryField.value, (writer) => {
          writer.tag(valueField.tag, wire.bytes).string(tag);
          message(writer, valueField.tensor, (writer) => {
            writer.tag(tensorField.dtype, wire.varint).int32(dtypeString);
            message(
              writer,
              tensorField.shape,
              (writer) => message(writer, shapeField.dim, (writer) => writer.tag(dimField.size, wire.varint).int64(1)),
            );
            writer.tag(tensorField.stringValue, wire.bytes).string(markdown);
          });
          message(
            writer,
            valueField.metadata,
            (writer) =>
              message(
                writer,
                metadataField.pluginData,
                (writer) => writer.tag(pluginField.name, wire.bytes).string("text"),
              ),
          );
        })),
  );
}

/** A double that float32 cannot hold becomes the largest that it can; the protobuf writer refuses it otherwise. */
function clampFloat(value: number): number {
  const largest = 3.4028234663852886e38;
  return Number.isFinite(value) ? Math.min(Math.max(value, -largest), largest) : value;
}

/** A whole frame of a file: where it begins and ends, and its data. */
export interface EventRecord {
  readonly begin: number;
  readonly end: number;
  readonly data: Uint8Array;
}

const headerBytes = lengthBytes + crcBytes;

/** Where the frame that begins at `at` ends; null if no length stands there. */
function endOf(file: Uint8Array, view: DataView, at: number): number | null {
  if (at + headerBytes > file.length || view.getUint32(at + 4, true) > 0) return null;
  if (view.getUint32(at + lengthBytes, true) !== maskedCrc(file.subarray(at, at + lengthBytes))) return null;
  return at + headerBytes + view.getUint32(at, true) + crcBytes;
}

/** The frames of a file that are whole, in order. What is damaged or torn costs no other, be its length the one that is wrong. */
export function* readRecords(file: Uint8Array): Generator<EventRecord> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // Lengths in lengths, as nobody but a forger writes them, would take for ever.
  let patience = 4 * file.length;
  for (let at = 0; at + headerBytes <= file.length;) {
    const end = endOf(file, view, at);
    const data = end === null || end > file.length ? null : file.subarray(at + headerBytes, end - crcBytes);
    if (data !== null && view.getUint32(end! - crcBytes, true) === maskedCrc(data)) {
      yield { begin: at, end: end!, data };
      at = end!;
    } else {
      // Bytes may be missing here: the next frame begins before the end of this one then.
      patience -= data?.length ?? 0;
      at = data === null || patience > 0 ? at + 1 : end!;
    }
  }
}

/** Whether what follows the last whole frame of the file, from `at`, is one that a kill has torn, or nothing. */
function isTornAt(file: Uint8Array, at: number): boolean {
  if (file.length - at < headerBytes) return true;
  return (endOf(file, new DataView(file.buffer, file.byteOffset, file.byteLength), at) ?? 0) > file.length;
}

/** What of an event file belongs to steps up to `step`, and whether it is damaged, but for an end that a kill has torn. */
export function eventsUpTo(file: Uint8Array, step: number): { content: Uint8Array; isDamaged: boolean } {
  const records = [...readRecords(file)];
  const isWhole = records.every(({ begin }, i) => begin === (records[i - 1]?.end ?? 0));
  const isDamaged = !isWhole || !isTornAt(file, records.at(-1)?.end ?? 0);
  const later = records.findIndex(({ data }) => stepOf(data) > step);
  const kept = later < 0 ? records : records.slice(0, later);
  const content = new Uint8Array(kept.reduce((sum, { begin, end }) => sum + end - begin, 0));
  let at = 0;
  for (const { begin, end } of kept) {
    content.set(file.subarray(begin, end), at);
    at += end - begin;
  }
  return { content, isDamaged };
}

/** The text that {@linkcode textRecord} wrote under `tag`; null if there is none. */
export function textOfTag(file: Uint8Array, tag: string): string | null {
  for (const { data } of readRecords(file)) {
    const value = path(data, [eventField.summary, summaryField.value]);
    if (!value || decode(path(value, [valueField.tag])) !== tag) continue;
    return decode(path(value, [valueField.tensor, tensorField.stringValue]));
  }
  return null;
}

const decode = (bytes: Uint8Array | null): string | null => bytes && new TextDecoder().decode(bytes);

/** The bytes of the first of the nested fields of a message; null if it has none. */
function path(message: Uint8Array, [field, ...deeper]: readonly number[]): Uint8Array | null {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [found, type] = reader.tag();
    if (found !== field || type !== wire.bytes) reader.skip(type, found);
    else return deeper.length === 0 ? reader.bytes() : path(reader.bytes(), deeper);
  }
  return null;
}

function stepOf(data: Uint8Array): number {
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === eventField.step) return Number(reader.int64());
    reader.skip(type, field);
  }
  return 0;
}
