import assert from "node:assert/strict";
import { gradients, Parameter, randomKey, type Tensor, tensor, uniform, zeros } from "../../mod.ts";
import { type Body, collidingPairs } from "../../lib/worlds/particle/body.ts";
import { repulsion } from "../../lib/worlds/particle/contact.ts";
import { Lidar } from "../../lib/worlds/particle/lidar.ts";
import { fusedSquaredLength, Pairs } from "../../lib/worlds/particle/pairs.ts";
import { turn } from "../../lib/worlds/particle/turn.ts";
import { ParticleWorld, type WorldOptions } from "../../lib/worlds/particle/world.ts";
import { onEachEngine } from "../engines.ts";

const sphere = (radius: number) => ({ kind: "sphere", radius }) as const;

async function assertClose(found: Tensor, expected: readonly number[], tolerance = 1e-5): Promise<void> {
  const numbers = [...await found.data()];
  assert.equal(numbers.length, expected.length);
  const near = numbers.every((x, i) => Math.abs(x - expected[i]!) <= tolerance);
  assert.ok(near, `${numbers} instead of ${expected}`);
}

onEachEngine("pairs take differences, and give actions back with opposite signs", async () => {
  const pairs = new Pairs(3, [[0, 1], [2, 0]]);
  const difference = pairs.difference(tensor([[[1, 2], [4, 8], [16, 32]]]));
  assert.deepEqual(await difference.toList(), [[[-3, 15], [-6, 30]]]);
  const actions = tensor([[[1, 10], [2, 20]]]);
  assert.deepEqual(await pairs.gather(actions).toList(), [[[-9, -18], [-1, -2], [10, 20]]]);
});

onEachEngine(
  "repulsion is VMAS's: a jump at the distance of contact, linear inside, nothing beyond or below 1e-6",
  async () => {
    const law = { stiffness: 100, margin: 1e-3 };
    const distances = [0.25, 0.2001, 0.2, 0.19, 0.1, 2e-6, 5e-7, 0];
    const difference = tensor([[distances, distances.map(() => 0)]]);
    const force = repulsion(difference, 0.2, law);
    const inside = [100 * 1e-3 * Math.LN2, 1.0000045, 10, 19.9998, 0, 0].map((x) => Math.fround(x));
    await assertClose(force.select(1, 0), [0, 0, ...inside], 2e-5);
    await assertClose(force.select(1, 1), distances.map(() => 0));
  },
);

onEachEngine(
  "a fused squared length is rounded once after x^2, as a fused multiply-add is, and has its derivative",
  async () => {
    const v = new Parameter(uniform(randomKey(3), [1, 2, 20_000], -1, 1), "v");
    const found = await fusedSquaredLength(v).data();
    const numbers = await v.data();
    const [x, y] = [numbers.slice(0, 20_000), numbers.slice(20_000)];
    // A float64 holds the square of a float32 exactly.
    const expected = Float32Array.from(y, (y, i) => y * y + Math.fround(x[i]! ** 2));
    assert.deepEqual(found, expected);
    const plain = Float32Array.from(y, (y, i) => Math.fround(y * y) + Math.fround(x[i]! ** 2));
    assert.notDeepEqual(plain, expected);
    fusedSquaredLength(v).sum().backward();
    assert.deepEqual(await v.grad!.data(), numbers.map((x) => 2 * x));
  },
);

onEachEngine("a world moves by semi-implicit Euler with drag once a step, whatever the substeps", async () => {
  const motion = { position: tensor([[[1, 2]]]), velocity: tensor([[[1, -2]]]) };
  const force = tensor([[[3, 4]]]);
  const body = { shape: sphere(0.1), mass: 2 };
  const once = new ParticleWorld([body], { dt: 0.1 }).step(motion, force);
  await assertClose(once.velocity, [0.75 + 0.15, -1.5 + 0.2]);
  await assertClose(once.position, [1 + 0.09, 2 - 0.13]);
  const twice = new ParticleWorld([body], { dt: 0.1, substeps: 2, drag: 0.5 }).step(motion, force);
  await assertClose(twice.velocity, [0.5 + 0.15, -1 + 0.2]);
  await assertClose(twice.position, [1 + 0.05 * (0.575 + 0.65), 2 + 0.05 * (-0.9 - 0.8)]);
});

onEachEngine("a contact pushes both bodies by their masses; what does not move or collide stays", async () => {
  const overlap = { position: tensor([[[0, 0], [0.15, 0]]]), velocity: zeros([1, 2, 2]) };
  const rest = zeros([1, 2, 2]);
  const after = (a: object, b: object) =>
    new ParticleWorld([{ shape: sphere(0.1), ...a }, { shape: sphere(0.1), ...b }]).step(overlap, rest).velocity;
  await assertClose(after({}, { mass: 5 }), [-0.5, 0, 0.1, 0]);
  await assertClose(after({}, { movable: false }), [-0.5, 0, 0, 0]);
  await assertClose(after({ collides: false }, {}), [0, 0, 0, 0]);
});

onEachEngine(
  "cosines and sines of angles up to 0.7 from a multiple of pi are right to 0.35 of the last place of 1",
  async () => {
    for (const centre of [0, Math.PI, -Math.PI]) {
      const angles = Float32Array.from({ length: 2001 }, (_, i) => centre + 0.7 * (i / 1000 - 1));
      const found = await turn(tensor(angles, { shape: [angles.length, 1] })).data();
      for (const [i, angle] of angles.entries()) {
        const off = Math.max(Math.abs(found[2 * i]! - Math.cos(angle)), Math.abs(found[2 * i + 1]! - Math.sin(angle)));
        assert.ok(off < 0.35 * 2 ** -23, `${angle}: ${off}`);
      }
    }
  },
);

onEachEngine("what cannot move or turn does not, whatever velocity and spin it is given", async () => {
  const motion = {
    position: zeros([1, 2, 2]),
    velocity: tensor([[[1, 0], [1, 0]]]),
    angle: zeros([1, 2]),
    spin: tensor([[1, 1]]),
  };
  const ghost = { shape: sphere(0.1), collides: false };
  const world = new ParticleWorld([{ ...ghost, movable: false, rotatable: true }, ghost]);
  const { position, angle } = world.step(motion, zeros([1, 2, 2]));
  await assertClose(position, [0, 0, 0.075, 0]);
  await assertClose(angle, [0.075, 0]);
});

onEachEngine("at a limit of speed, force or place the derivative is whole, beyond what of it is left", async () => {
  const slope = async (body: Partial<Body>, options: WorldOptions, speed: number, force: number): Promise<number> => {
    const world = new ParticleWorld([{ shape: sphere(0.1), drag: 0, ...body }], { dt: 1, ...options });
    const velocity = tensor([[[speed, 0]]]);
    const push = tensor([[[force, 0]]]);
    const { position } = world.step({ position: zeros([1, 1, 2]), velocity }, push);
    const [bySpeed, byForce] = gradients(position.select(2, 0).sum(), [velocity, push]);
    return (await (force === 0 ? bySpeed : byForce)!.data())[0]!;
  };
  for (const limit of ["maxSpeed", "speedRange"] as const) {
    assert.deepEqual([await slope({ [limit]: 2 }, {}, 2, 0), await slope({ [limit]: 2 }, {}, 3, 0)], [1, 0], limit);
  }
  for (const limit of ["maxForce", "forceRange"] as const) {
    assert.deepEqual([await slope({ [limit]: 2 }, {}, 0, 2), await slope({ [limit]: 2 }, {}, 0, 3)], [1, 0], limit);
  }
  assert.deepEqual([await slope({}, { bounds: [2, 2] }, 2, 0), await slope({}, { bounds: [2, 2] }, 3, 0)], [1, 0]);
});

onEachEngine("bounds hold positions and leave velocities", async () => {
  const world = new ParticleWorld([{ shape: sphere(0.1) }], { bounds: [1, 2] });
  const motion = { position: tensor([[[0.99, -1.99]]]), velocity: tensor([[[4, -4]]]) };
  const { position, velocity } = world.step(motion, zeros([1, 1, 2]));
  await assertClose(position, [1, -2]);
  await assertClose(velocity, [3, -3]);
});

onEachEngine(
  "a lidar gives range less distance, the nearest of several, and 0 for what is behind, aside or too far",
  async () => {
    const lidar = new Lidar({ bodies: 3, radius: 0.1, rays: 4, range: 0.5 });
    const seen = async (...positions: [number, number][]): Promise<Tensor> =>
      await Promise.resolve(lidar.nearness(tensor([positions])).select(1, 0));
    await assertClose(await seen([0, 0], [0.3, 0], [0, 0.4]), [0.3, 0.2, 0, 0]);
    await assertClose(await seen([0, 0], [0.5, 0], [0.3, 0]), [0.3, 0, 0, 0]);
    await assertClose(await seen([0, 0], [0.7, 0], [-0.3, 0.11]), [0, 0, 0, 0]);
    await assertClose(await seen([0, 0], [0.3, 0.06], [0, -0.25]), [0.5 - 0.22, 0, 0, 0.35]);
    // Inside of another sphere the distance to its rim ahead is negative, as in VMAS.
    await assertClose(await seen([0, 0], [0.05, -0.01], [9, 9]), [
      0.5 - 0.05 + Math.sqrt(0.0099),
      0,
      0,
      0.5 - 0.01 + Math.sqrt(0.0075),
    ]);
  },
);

onEachEngine(
  "upward and downward rays see a disc exactly beside on the side on which VMAS's rounded angles lean",
  async () => {
    const lidar = new Lidar({ bodies: 2, radius: 0.1, rays: 4, range: 0.35 });
    // What VMAS 1.5.2 observes of agents that overlap.
    const [ahead, aside] = [0.3875, 0.428062469];
    await assertClose(lidar.nearness(tensor([[[0, 0], [0.0625, 0]]])), [ahead, 0, 0, aside, 0, aside, ahead, 0]);
    await assertClose(lidar.nearness(tensor([[[0, 0], [0, 0.0625]]])), [0, ahead, 0, 0, 0, 0, aside, ahead]);
  },
);

Deno.test("pairs that collide are those of which one moves", () => {
  const free = { shape: sphere(1) };
  const fixed = { shape: sphere(1), movable: false };
  const ghost = { shape: sphere(1), collides: false };
  assert.deepEqual(collidingPairs([fixed, free, ghost, fixed, free]), [[0, 1], [0, 4], [1, 3], [1, 4], [3, 4]]);
});
