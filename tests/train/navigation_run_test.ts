import assert from "node:assert/strict";
import { join } from "node:path";
import { BinaryReader } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { createTrainer } from "../../lib/train/look/target.ts";
import { decodeSafetensors } from "../../lib/train/files/safetensors.ts";
import { readRecords } from "../../lib/train/files/tensorboard.ts";
import { filesBelow, logged, onlyRun, run, withFolder } from "./harness.ts";

const args =
  "--device cpu --frames-per-batch 130 --max-steps 10 --num-epochs 2 --minibatch-size 50 --n-iters 4 --seed 3";

Deno.test("the events of a run hold a histogram of every parameter's gradients with every checkpoint", () =>
  withFolder(async (out) => {
    await run([...args.split(" "), "--save-every", "3", "--out", out], { createTrainer });
    const folder = onlyRun(out);
    const { tensors } = decodeSafetensors(Deno.readFileSync(join(folder, "checkpoints/000004.safetensors")));
    const size = tensors["optimizer.1.learner.vector"]!.data.length;
    const events = Deno.readFileSync(join(folder, filesBelow(folder).find((name) => name.startsWith("events."))!));
    const found = [...readRecords(events)].map(({ data }) => histogramsOf(data)).filter(({ tags }) => tags.length > 0);
    assert.deepEqual(found.map(({ step }) => step), [3, 4]);
    const layers = [0, 1, 2].flatMap((i) => ["weight", "bias"].map((name) => `net.layers.${i}.${name}`));
    const names = ["policy", "critic"].flatMap((owner) => layers.map((layer) => `gradients/${owner}.${layer}`));
    for (const { tags, count } of found) {
      assert.deepEqual(tags, names);
      assert.equal(count, size);
    }
  }));

const every =
  "--actions discrete --centralised-policy --no-share-parameters --normalize-observations --normalize-values --normalize-advantages --clip-value 0.2 " +
  "--lr-schedule linear --target-kl 1e-5";

for (const [title, flags] of [["", args], [", with every option of learning", `${args} ${every}`]] as const) {
  const args = flags.split(" ");
  Deno.test(`navigation that is stopped and resumed ends bit for bit as if it had not stopped${title}; it retraces nothing`, () =>
    withFolder(async (base) => {
      const [whole, stopped] = [join(base, "whole"), join(base, "stopped")];
      const first = await run([...args, "--out", whole], { createTrainer });
      assert.deepEqual([first.code, first.err], [0, ""]);
      assert.match(first.out, /\nPrograms traced: \d+, none after the first iteration\.\n/);
      const half = await run([...args, "--out", stopped], { createTrainer, stopAfter: 2 });
      assert.equal(half.code, 130);
      const folder = onlyRun(stopped);
      const resumed = await run(["--resume", folder], { createTrainer });
      assert.deepEqual([resumed.code, resumed.err], [0, ""]);
      const expected = onlyRun(whole);
      assert.equal(logged(folder).length, 4);
      assert.deepEqual(logged(folder), logged(expected));
      for (const name of ["checkpoints/000004.safetensors", "policy.onnx"]) {
        assert.ok(filesBelow(folder).includes(name));
        assert.deepEqual(Deno.readFileSync(join(folder, name)), Deno.readFileSync(join(expected, name)), name);
      }
    }));
}

type Wire = readonly (readonly [field: number, value: number | Uint8Array])[];

/** A protobuf message by the wire format alone. */
function fieldsOf(data: Uint8Array): Wire {
  const reader = new BinaryReader(data);
  const fields: [number, number | Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value = type === 0
      ? Number(reader.uint64())
      : type === 1
      ? reader.double()
      : type === 5
      ? reader.float()
      : null;
    fields.push([field, value ?? reader.bytes()]);
  }
  return fields;
}

/** The histograms of an Event: the step, their tags, and how many numbers they count. */
function histogramsOf(data: Uint8Array): { step: number; tags: string[]; count: number } {
  const event = fieldsOf(data);
  const summary = event.find(([field]) => field === 5)?.[1] as Uint8Array | undefined;
  const values = summary ? fieldsOf(summary).map(([, value]) => fieldsOf(value as Uint8Array)) : [];
  const with5 = values.filter((value) => value.some(([field]) => field === 5));
  const tags = with5.map((value) => new TextDecoder().decode(value.find(([field]) => field === 1)![1] as Uint8Array));
  const counts = with5.map((value) => {
    const buckets = fieldsOf(value.find(([field]) => field === 5)![1] as Uint8Array).find(([field]) => field === 7)![1];
    const bytes = (buckets as Uint8Array).slice();
    return new Float64Array(bytes.buffer).reduce((a, b) => a + b, 0);
  });
  return {
    step: event.find(([field]) => field === 2)?.[1] as number ?? 0,
    tags,
    count: counts.reduce((a, b) => a + b, 0),
  };
}
