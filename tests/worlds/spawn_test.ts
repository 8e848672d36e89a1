import assert from "node:assert/strict";
import { randomKey, uniform } from "../../mod.ts";
import { crowding, mostCrowded, Spawner, type SpawnOptions } from "../../lib/worlds/particle/spawn.ts";
import { onEachEngine, onEngine } from "../engines.ts";

type Point = readonly [number, number];

async function place(options: SpawnOptions, envs: number, seed: number): Promise<Point[][]> {
  const spawner = new Spawner(options);
  return await spawner.place(uniform(randomKey(seed), [envs, spawner.noiseSize])).toList() as unknown as Point[][];
}

function smallestDistance(points: readonly Point[]): number {
  const distances = points.flatMap(([x, y], i) => points.slice(i + 1).map(([u, v]) => Math.hypot(x - u, y - v)));
  return Math.min(...distances);
}

const navigation: SpawnOptions = { points: 6, distance: 0.25, extent: [1, 1] };
const crowded: SpawnOptions = { points: 10, distance: 0.25, extent: [0.6, 0.6] };
const flat: SpawnOptions = { points: 4, distance: 0.3, extent: [2, 0.2] };

onEachEngine("points are placed inside of the rectangle and apart from each other", async () => {
  for (const options of [navigation, crowded, flat]) {
    const [x, y] = options.extent;
    for (const points of await place(options, 300, 5)) {
      assert.ok(points.every(([u, v]) => Math.abs(u) <= x && Math.abs(v) <= y), `${points}`);
      assert.ok(smallestDistance(points) > options.distance - 1e-6, `${smallestDistance(points)} in ${options.extent}`);
    }
  }
});

onEngine("cpu", "every point is placed evenly: each quarter of the square gets a quarter of them", async () => {
  const envs = 4000;
  const starts = await place(navigation, envs, 6);
  for (let point = 0; point < navigation.points; point++) {
    const counts = [0, 0, 0, 0];
    for (const points of starts) {
      const [x, y] = points[point]!;
      counts[(x > 0 ? 1 : 0) + (y > 0 ? 2 : 0)]!++;
    }
    // Four standard deviations of a binomial count.
    const spread = 4 * Math.sqrt(envs * 3 / 16);
    assert.ok(counts.every((n) => Math.abs(n - envs / 4) < spread), `point ${point}: ${counts}`);
  }
});

onEngine("cpu", "points are as far from each other as rejection without end places them", async () => {
  // Mean of the smallest distance in an environment, from 400,000 draws by rejection in NumPy: 0.3741, deviation 0.0961.
  const starts = await place(navigation, 4000, 7);
  const mean = starts.reduce((sum, points) => sum + smallestDistance(points), 0) / starts.length;
  assert.ok(Math.abs(mean - 0.3741) < 4 * 0.0961 / Math.sqrt(4000), `${mean}`);
});

onEngine("cpu", "in the most crowded worlds that are taken all points keep their distance", async () => {
  for (const [points, extent, envs] of [[40, [1, 1], 1000], [44, [1, 1], 200], [46, [8, 0.1], 200]] as const) {
    const options = { points, distance: 0.25, extent };
    assert.ok(crowding(options) <= mostCrowded, `${crowding(options)}`);
    const starts = await place(options, envs, 8);
    const near = starts.map(smallestDistance).filter((x) => x < 0.25 - 1e-6);
    assert.deepEqual(near, [], `${points} points in ${extent}`);
  }
});

Deno.test("crowding reaches 1 where random placement jams", () => {
  assert.ok(crowding(navigation) < 0.2);
  assert.ok(crowding({ points: 80, distance: 0.25, extent: [1, 1] }) > 1);
});
