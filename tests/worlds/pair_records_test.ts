/** Two and three bodies of every shape, joints and limits, beside records of VMAS: `tests/fixtures/make_vmas_pairs.py`. */

import assert from "node:assert/strict";
import { compile, type Tensor, tensor } from "../../mod.ts";
import type { Body } from "../../lib/worlds/particle/body.ts";
import { ParticleWorld, type WorldOptions } from "../../lib/worlds/particle/world.ts";
import { onCpu, onEachEngine } from "../engines.ts";

type Rows = readonly number[][];

interface PairRecord {
  readonly bodies: readonly Body[];
  readonly options: WorldOptions;
  readonly envs: readonly { motion: Rows; force: Rows; torque: readonly number[]; steps: readonly Rows[] }[];
}

const text = Deno.readTextFileSync(new URL("../fixtures/vmas_pairs.jsonl", import.meta.url));
const records: PairRecord[] = text.trim().split("\n").map((line) => JSON.parse(line));

function motionOf(envs: readonly Rows[]) {
  const columns = (from: number, to: number): Tensor =>
    tensor(envs.map((rows) => rows.map((row) => row.slice(from, to))));
  return {
    position: columns(0, 2),
    velocity: columns(2, 4),
    angle: columns(4, 5).squeeze(2),
    spin: columns(5, 6).squeeze(2),
  };
}

for (const [i, { bodies, options, envs }] of records.entries()) {
  const joints = options.joints?.length ? " on joints" : "";
  const title = `world ${i}: ${bodies.map(({ shape }) => shape.kind).join(" and ")}${joints}`;
  // A GPU compiles each world anew: every other one has all shapes, joints and a contact of its own.
  const test = i % 2 === 0 ? onEachEngine : onCpu;
  test(`${title} (${JSON.stringify({ ...options, joints: undefined })}) move as in VMAS`, async () => {
    const world = new ParticleWorld(bodies, options);
    const step = compile((motion: ReturnType<typeof motionOf>, force: Tensor, torque: Tensor) =>
      world.step(motion, force, torque)
    );
    const [force, torque] = [tensor(envs.map((x) => [...x.force])), tensor(envs.map((x) => [...x.torque]))];
    // From every recorded motion, one step.
    for (const time of envs[0]!.steps.keys()) {
      const before = motionOf(envs.map((x) => time === 0 ? x.motion : x.steps[time - 1]!));
      const after = await step(before, force, torque);
      const expected = motionOf(envs.map((x) => x.steps[time]!));
      for (const name of ["position", "velocity", "angle", "spin"] as const) {
        const [found, right] = [await after[name].data(), await expected[name].data()];
        const size = { position: 1e-6, velocity: 1e-5, angle: 1e-5, spin: 1e-4 }[name];
        found.forEach((x, i) => {
          const near = Math.abs(x - right[i]!) <= size;
          assert.ok(near, `${name} at ${i} of step ${time}: ${x} instead of ${right[i]}`);
        });
      }
    }
    step.dispose();
  });
}
