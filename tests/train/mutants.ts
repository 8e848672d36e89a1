/** Files of a run, changed at random: what reads them gives what was written, or says in a sentence that it cannot. */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { basename, join } from "node:path";
import type { HostRandom } from "../../lib/tensor/host_random.ts";
import { isHarmless } from "../../lib/systems/settings.ts";
import { UsageError } from "../../lib/systems/usage.ts";
import { usedConfig } from "../../lib/train/command/saved_config.ts";
import { checkFinite, listCheckpoints } from "../../lib/train/files/checkpoint.ts";
import { WriteError } from "../../lib/train/files/error.ts";
import { findRun } from "../../lib/train/files/find_run.ts";
import { RunFolder } from "../../lib/train/files/folder.ts";
import { asInRun } from "../../lib/train/files/inputs.ts";
import { readLog, readRows } from "../../lib/train/files/metrics.ts";
import { readRecords } from "../../lib/train/files/tensorboard.ts";
import { writeRunReport } from "../../lib/train/look/report.ts";
import { readRuns } from "../../lib/train/look/records.ts";
import { checkpointOf } from "../../lib/train/loop/session.ts";
import { filesBelow, logged } from "./harness.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Change = (file: Bytes, random: HostRandom) => Bytes;

const below = (random: HostRandom, n: number): number => Math.floor(random.next() * n);

function join3(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, x) => sum + x.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Parts of a file: before, within and after a range of a few bytes, or of many. */
function cut(file: Bytes, random: HostRandom): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const from = below(random, file.length + 1);
  const size = below(random, random.next() < 0.5 ? 8 : file.length);
  return [file.subarray(0, from), file.subarray(from, from + size), file.subarray(from + size)];
}

function setByte(file: Bytes, random: HostRandom, change: (x: number) => number): Bytes {
  const changed = file.slice();
  const at = below(random, file.length);
  if (file.length > 0) changed[at] = change(changed[at]!);
  return changed;
}

const digits = /\d/;

/** Exchanges one character of those that `pattern` finds. */
function exchange(file: Bytes, random: HostRandom, pattern: RegExp, by: string): Bytes {
  const places = [...file.keys()].filter((i) => pattern.test(String.fromCharCode(file[i]!)));
  if (places.length === 0) return file;
  const changed = file.slice();
  changed[places[below(random, places.length)]!] = by.charCodeAt(below(random, by.length));
  return changed;
}

const values = ["null", "-1", "1e999", '"x"', "[]", "{}", "true", "0.5", "99999999999999999999", '"\\u001b[2K"'];

/** What may become of a file. */
export const changes: Readonly<Record<string, Change>> = {
  "a bit is turned": (file, random) => setByte(file, random, (x) => x ^ 1 << below(random, 8)),
  "a byte is another": (file, random) => setByte(file, random, () => below(random, 256)),
  "a digit is another": (file, random) => exchange(file, random, digits, "0123456789"),
  "a letter is another": (file, random) => exchange(file, random, /[a-z]/i, "aeiouxyz"),
  "a part is gone": (file, random) => {
    const [before, , after] = cut(file, random);
    return join3(before, after);
  },
  "a part is there twice": (file, random) => {
    const [before, part, after] = cut(file, random);
    return join3(before, part, part, after);
  },
  "a part is zeros": (file, random) => {
    const [before, part, after] = cut(file, random);
    return join3(before, new Uint8Array(part.length), after);
  },
  "something comes between": (file, random) => {
    const [before, , after] = cut(file, random);
    return join3(before, Uint8Array.from({ length: 1 + below(random, 20) }, () => below(random, 256)), after);
  },
  "it ends early": (file, random) => file.slice(0, below(random, file.length + 1)),
  "it is empty": () => new Uint8Array(0),
  "it is something else": (_, random) => Uint8Array.from({ length: below(random, 200) }, () => below(random, 256)),
  "a value is another": (file, random) => {
    const text = new TextDecoder().decode(file);
    const found = [...text.matchAll(/:\s*("[^"]*"|[\w.+-]+)/g)];
    if (found.length === 0) return file;
    const { index, 0: old } = found[below(random, found.length)]!;
    const by = values[below(random, values.length)]!;
    return new TextEncoder().encode(`${text.slice(0, index)}:${by}${text.slice(index + old.length)}`);
  },
  "a line is gone": (file, random) => {
    const lines = new TextDecoder().decode(file).split("\n");
    lines.splice(below(random, lines.length), 1);
    return new TextEncoder().encode(lines.join("\n"));
  },
  "two lines change places": (file, random) => {
    const lines = new TextDecoder().decode(file).split("\n");
    const [a, b] = [below(random, lines.length), below(random, lines.length)];
    [lines[a], lines[b]] = [lines[b]!, lines[a]!];
    return new TextEncoder().encode(lines.join("\n"));
  },
};

/** A run as it was left, in memory. */
export interface Original {
  readonly files: ReadonlyMap<string, Bytes>;
  readonly rows: readonly unknown[];
  readonly last: ReturnType<typeof checkpointOf>;
  readonly config: ReturnType<typeof usedConfig>;
}

/** Reads a run whose files are to be changed. */
export function originalOf(folder: string): Original {
  const point = findRun(folder);
  return {
    files: new Map(filesBelow(folder).map((name) => [name, Deno.readFileSync(join(folder, name))])),
    rows: logged(folder),
    last: checkpointOf(point),
    config: asInRun(folder, usedConfig(point)),
  };
}

const rawText =
  /is not a function|is not iterable|Cannot (read|convert|destructure|set)|undefined|circular|NaN (is|has)|\n\s+at /;

/** A sentence of a line, which shows nothing that moves a cursor. */
function checkSentence(text: string): void {
  assert.match(text, /^\S[^\n]{12,800}[.)]$/);
  assert.doesNotMatch(text, rawText);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f]/);
}

/** What `fn` gives; null where it says in a sentence that it cannot. */
function orSentence<T>(fn: () => T): T | null {
  try {
    return fn();
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof WriteError)) throw error;
    error.message.split("\n").forEach(checkSentence);
    return null;
  }
}

/** What came of a mutant. */
export type Outcome = "as it was" | "told" | "refused";

/**
 * Puts the run, of which one file is changed, into `folder`, reads it, with a report of it if that is wanted, and takes it up as
 * `--resume` does. Throws what is wrong with that.
 */
export function judge(folder: string, original: Original, name: string, changed: Bytes, reports: boolean): Outcome {
  for (const [other, content] of original.files) {
    const path = join(folder, other);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeFileSync(path, other === name ? changed : content);
  }
  const { runs, problems } = readRuns([folder]);
  problems.forEach(checkSentence);
  const [record] = runs;
  const isSame = isDeepStrictEqual(changed, original.files.get(name));
  if (!record) assert.ok(problems.length > 0, "runs says nothing of it");
  if (reports) orSentence(() => writeRunReport(folder, null));
  const point = orSentence(() => findRun(folder));
  const config = point && orSentence(() => asInRun(folder, usedConfig(point)));
  const checkpoint = config && orSentence(() => checkpointOf(point));
  if (!checkpoint) {
    // Nothing was touched.
    for (const [other, content] of original.files) {
      if (other !== name && other !== "report.ipynb") assert.deepEqual(Deno.readFileSync(join(folder, other)), content);
    }
    assert.ok(!isSame);
    return "refused";
  }
  if (name.startsWith("data/")) assert.ok(isSame, "another text is believed");
  checkFinite(checkpoint.state, checkpoint.path);
  assert.ok(isDeepStrictEqual(checkpoint.state, original.last!.state), "other numbers are believed");
  for (const [key, value] of Object.entries(original.config)) {
    const isExtended = key === "nIters" && config[key] > Number(value);
    assert.ok(isHarmless(key) || isExtended || config[key] === value, `"${key}" is ${config[key]}, and was ${value}`);
  }
  return takeUp(folder, original, name, changed, checkpoint.iteration, problems);
}

/** Opens the folder and goes back to the checkpoint. */
function takeUp(
  folder: string,
  original: Original,
  name: string,
  changed: Bytes,
  iteration: number,
  problems: readonly string[],
): Outcome {
  const run = orSentence(() => RunFolder.open(folder));
  if (!run) return "refused";
  try {
    const told = run.rewind(iteration);
    told.forEach(checkSentence);
    const wanted = original.rows.slice(0, iteration) as { iteration: number }[];
    const rows = logged(folder) as { iteration: number }[];
    for (const row of rows) assert.deepEqual(row, wanted[row.iteration - 1]);
    const isLess = rows.length < wanted.length;
    if (isLess) assert.ok(told.length + problems.length > 0, "fewer rows, and nothing is said of it");
    checkKept(folder, original, name, changed, rows.length);
    return isLess || told.length > 0 ? "told" : "as it was";
  } finally {
    run.close();
  }
}

/** Bytes as a text in which bytes can be searched for: each is a character of its own. */
const bytesText = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

/** The copies of damaged files beside those of a run. */
function asideOf(folder: string, stem: string): string[] {
  const names = filesBelow(folder).filter((x) => x.startsWith(`${stem}.damaged-`));
  return names.map((x) => bytesText(Deno.readFileSync(join(folder, x))));
}

/** What was good in the changed file is there still, in it or beside it. */
function checkKept(folder: string, original: Original, name: string, changed: Bytes, rows: number): void {
  if (name === "metrics.jsonl") {
    const good = readRows(changed).filter(({ row }) => row.iteration <= 6).length;
    assert.equal(rows, good);
    const { damaged } = readLog(changed);
    const isWhole = Deno.readFileSync(join(folder, name)).length === changed.length;
    const isAside = asideOf(folder, "metrics").includes(bytesText(changed));
    if (damaged.length > 0 && good < 6) assert.ok(isWhole || isAside, "a damaged file was cut");
  } else if (basename(name).startsWith("events.")) {
    // By their bytes, not by the reader that is judged.
    const before = original.files.get(name)!;
    const frames = [...readRecords(before)].map(({ begin, end }) => bytesText(before.subarray(begin, end)));
    const result = Deno.readFileSync(join(folder, name));
    for (const [i, frame] of frames.entries()) {
      if (!bytesText(changed).includes(frame) || bytesText(result).includes(frame)) continue;
      assert.ok(asideOf(folder, "events").some((x) => x.includes(frame)), `frame ${i} is nowhere`);
    }
    const readable = [...readRecords(changed)].length;
    assert.equal([...readRecords(result)].length, readable, "records that could be read are gone");
  }
  for (const { path } of listCheckpoints(folder)) assert.ok(Deno.statSync(path).isFile);
}
