import assert from "node:assert/strict";
import { BinaryReader } from "npm:@bufbuild/protobuf@2.17.0/wire";
import {
  eventsUpTo,
  histogramRecord,
  readRecords,
  scalarRecord,
  textOfTag,
  textRecord,
  versionRecord,
} from "../../lib/train/files/tensorboard.ts";
import { crc32c } from "../../lib/train/files/crc.ts";
import { histogramOf } from "../../lib/train/files/histogram.ts";

type Field = number | bigint | Uint8Array;

/** A protobuf message by the wire format alone: the values of each field number. */
function fieldsOf(data: Uint8Array): Map<number, Field[]> {
  const fields = new Map<number, Field[]>();
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value = type === 0
      ? reader.uint64()
      : type === 1
      ? reader.double()
      : type === 5
      ? reader.float()
      : reader.bytes();
    fields.set(field, [...fields.get(field) ?? [], value as Field]);
  }
  return fields;
}

const text = (value: Field | undefined) => new TextDecoder().decode(value as Uint8Array);

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function messages(file: Uint8Array): Map<number, Field[]>[] {
  return [...readRecords(file)].map(({ data }) => fieldsOf(data));
}

Deno.test("crc32c() agrees with RFC 3720, B.4", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
});

Deno.test("records are byte for byte those of TensorBoard 2.21's own writer", () => {
  assert.equal(
    versionRecord(1.5).toHex(),
    "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c",
  );
  assert.equal(
    scalarRecord(1234.5, 300, { "train/kl": -0.25, b: 3 }).toHex(),
    "290000000000000037ff5f000900000000004a934010ac022a1b0a0f0a08747261696e2f6b6c15000080be0a080a01621500004040010d1989",
  );
  assert.equal(
    textRecord(2, 0, "config", "| a |").toHex(),
    "300000000000000095f5d05f0900000000000000402a250a230a06636f6e666967420f080712041202080142057c2061207c4a080a060a" +
      "04746578748623b8a2",
  );
});

Deno.test("histogramRecord() is byte for byte that of TensorBoard 2.21's own writer", () => {
  const [w, b] = [
    { min: -0.5, max: 1.5, count: 3, sum: 2, sumOfSquares: 0.75, limits: [-0.25, 0.5, 2], counts: [1, 0, 2] },
    { min: 0, max: 0, count: 1, sum: 0, sumOfSquares: 0, limits: [1], counts: [1] },
  ];
  assert.equal(
    histogramRecord(3, 5, { "gradients/w": w, b }).toHex(),
    "a4000000000000004113b82809000000000000084010052a96010a700a0b6772616469656e74732f772a6109000000000000e0bf11000000" +
      "000000f83f19000000000000084021000000000000004029000000000000e83f3218000000000000d0bf000000000000e03f000000000000" +
      "00403a18000000000000f03f000000000000000000000000000000400a220a01622a1d19000000000000f03f3208000000000000f03f3a08" +
      "000000000000f03fd06e71e5",
  );
});

Deno.test("histogramOf() counts every finite number in the bucket that holds it", () => {
  const values = [
    0,
    1e-13,
    -1e-13,
    0.5,
    0.5,
    -3,
    1e19,
    NaN,
    Infinity,
    -2e-12,
    ...Array.from({ length: 500 }, (_, i) => i),
  ];
  const { min, max, count, sum, sumOfSquares, limits, counts } = histogramOf(values);
  const finite = values.filter(Number.isFinite);
  assert.deepEqual([min, max, count], [-3, 1e19, finite.length]);
  assert.equal(sum, finite.reduce((a, b) => a + b, 0));
  assert.equal(sumOfSquares, finite.reduce((a, b) => a + b * b, 0));
  const above = (i: number) => limits[i - 1] ?? -Infinity;
  counts.forEach((n, i) =>
    assert.equal(n, finite.filter((x) => x >= above(i) && x < limits[i]!).length, `bucket ${i}`)
  );
  assert.ok(counts[0]! > 0 && counts.at(-1)! > 0);
  limits.slice(1).forEach((x, i) => assert.ok(x > limits[i]!));
});

Deno.test("histogramOf() of nothing is empty", () => {
  const none = { min: 0, max: 0, count: 0, sum: 0, sumOfSquares: 0, limits: [], counts: [] };
  assert.deepEqual(histogramOf([]), none);
  assert.deepEqual(histogramOf([NaN]), none);
});

Deno.test("scalarRecord() holds the time, the step, and a value for every name", () => {
  const [event] = messages(scalarRecord(1234.5, 7, { "train/episode_reward_sum": -0.25, "train/kl": NaN, big: 1e300 }));
  assert.equal(event!.get(1)![0], 1234.5);
  assert.equal(Number(event!.get(2)![0]), 7);
  const values = fieldsOf(event!.get(5)![0] as Uint8Array).get(1)!.map((value) => fieldsOf(value as Uint8Array));
  assert.deepEqual(values.map((value) => text(value.get(1)![0])), ["train/episode_reward_sum", "train/kl", "big"]);
  assert.deepEqual(values.map((value) => value.get(2)![0]), [-0.25, NaN, 3.4028234663852886e38]);
});

Deno.test("textRecord() is a string tensor for the text plugin", () => {
  const [event] = messages(textRecord(0, 0, "config", "| a | b |"));
  const value = fieldsOf(fieldsOf(event!.get(5)![0] as Uint8Array).get(1)![0] as Uint8Array);
  assert.equal(text(value.get(1)![0]), "config");
  const tensor = fieldsOf(value.get(8)![0] as Uint8Array);
  assert.equal(Number(tensor.get(1)![0]), 7);
  assert.equal(text(tensor.get(8)![0]), "| a | b |");
  const plugin = fieldsOf(fieldsOf(value.get(9)![0] as Uint8Array).get(1)![0] as Uint8Array);
  assert.equal(text(plugin.get(1)![0]), "text");
});

const file = join(
  versionRecord(0),
  textRecord(0, 0, "t", "x"),
  ...[1, 2, 300].map((step) => scalarRecord(step, step, { a: step })),
);

Deno.test("readRecords() stops at a frame that is torn, wherever it is", () => {
  const ends = [...readRecords(file)].map(({ end }) => end);
  assert.equal(ends.at(-1), file.length);
  for (let length = 0; length < file.length; length++) {
    const whole = [...readRecords(file.subarray(0, length))].length;
    assert.equal(whole, ends.filter((end) => end <= length).length, `${length} bytes`);
  }
});

Deno.test("a changed byte costs the frame that it is in, and no other; that the file is damaged is told", () => {
  const frames = [...readRecords(file)].map(({ begin, end }) => [begin, end]);
  for (let at = 0; at < file.length; at++) {
    const changed = file.slice();
    changed[at]! ^= 0x10;
    const others = frames.filter(([begin, end]) => at < begin! || at >= end!);
    assert.deepEqual([...readRecords(changed)].map(({ begin, end }) => [begin, end]), others, `byte ${at}`);
    assert.ok(eventsUpTo(changed, 300).isDamaged, `byte ${at}`);
  }
});

Deno.test("bytes that are missing cost the frames that they were of, and no other; that is no torn end", () => {
  const frames = [...readRecords(file)].map(({ begin, end }) => [begin, end] as const);
  const last = frames.at(-1)!;
  for (let at = 0; at < last[0]; at++) {
    for (const missing of [1, 5, 40]) {
      const to = Math.min(at + missing, last[0]);
      const changed = join(file.subarray(0, at), file.subarray(to));
      const others = frames.filter(([begin, end]) => end <= at || begin >= to);
      const expected = others.map(([begin, end]) => file.slice(begin, end));
      const { content, isDamaged } = eventsUpTo(changed, 300);
      assert.deepEqual(content, join(...expected), `${missing} bytes at ${at}`);
      const isCutOut = frames.some(([begin]) => begin === at) && frames.some(([begin]) => begin === to);
      assert.equal(isDamaged, !isCutOut, `${missing} bytes at ${at}`);
    }
  }
});

Deno.test("a file of which every length is forged is read at once", () => {
  const forged = new Uint8Array(12 * 30_000);
  const view = new DataView(forged.buffer);
  for (let at = 0; at + 16 <= forged.length; at += 12) {
    view.setUint32(at, forged.length - at - 16, true);
    const crc = crc32c(forged.subarray(at, at + 8));
    view.setUint32(at + 8, ((crc >>> 15) | (crc << 17)) + 0xa282ead8, true);
  }
  const start = performance.now();
  assert.deepEqual([...readRecords(forged)], []);
  assert.ok(performance.now() - start < 5000);
});

Deno.test("eventsUpTo() ends after the last record of a step, and takes an end that is torn for no damage", () => {
  const ends = [...readRecords(file)].map(({ end }) => end);
  for (const [step, last] of [[0, 1], [1, 2], [2, 3], [299, 3], [300, 4], [301, 4]] as const) {
    assert.deepEqual(eventsUpTo(file, step), { content: file.slice(0, ends[last]), isDamaged: false });
  }
  for (let cut = 1; cut < ends[4]! - ends[3]!; cut++) {
    const torn = file.subarray(0, file.length - cut);
    assert.deepEqual(eventsUpTo(torn, 300), { content: file.slice(0, ends[3]), isDamaged: false }, `${cut} bytes`);
  }
});

Deno.test("textOfTag() finds what textRecord() wrote", () => {
  assert.equal(textOfTag(file, "t"), "x");
  assert.equal(textOfTag(file, "a"), null);
  assert.equal(textOfTag(file.subarray(0, 10), "t"), null);
});
