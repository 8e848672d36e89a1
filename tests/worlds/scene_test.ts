/** What a world looks like agrees with what it is. */

import assert from "node:assert/strict";
import { randomKey } from "../../lib/tensor/random.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import type { Tree } from "../../lib/tensor/tree.ts";
import { BuzzWire } from "../../lib/worlds/particle/scenarios/buzz_wire.ts";
import type { Environment } from "../../lib/worlds/environment.ts";
import { Navigation } from "../../lib/worlds/particle/scenarios/navigation.ts";
import { ReverseTransport } from "../../lib/worlds/particle/scenarios/reverse_transport.ts";
import type { Scene } from "../../lib/worlds/scene.ts";
import { Wheel } from "../../lib/worlds/particle/scenarios/wheel.ts";
import { onEngine } from "../engines.ts";

type State = { readonly position: Tensor; readonly goal?: Tensor; readonly angle?: Tensor };
type World = Environment<State> & { readonly scene: Scene<State> };

const worlds: readonly (readonly [world: unknown, roles: readonly string[]])[] = [
  [new Navigation({ nAgents: 2 }), ["agent", "agent", "goal", "goal"]],
  [new Wheel({ nAgents: 2 }), ["agent", "agent", "object"]],
  [new ReverseTransport({ nAgents: 2 }), ["agent", "agent", "object", "goal"]],
  [new BuzzWire(), ["agent", "agent", "object", "joint", "joint", "goal", "wall", "wall", "wall", "wall"]],
];

for (const [world, roles] of worlds as readonly (readonly [World, readonly string[]])[]) {
  onEngine("cpu", `the scene of ${world.name} shows every body, goal and wall where the state has it`, async () => {
    const state = world.reset(randomKey(3), 4);
    const { position, angle } = world.scene.place(state as State & Tree);
    assert.deepEqual(world.scene.entities.map(({ role }) => role), roles);
    assert.deepEqual([position.shape, angle.shape], [[4, roles.length, 2], [4, roles.length]]);
    const bodies = state.position.shape[1]!;
    const shown = await position.toList() as number[][][];
    const held = await state.position.toList() as number[][][];
    const goals = await state.goal?.toList() as number[][][] | undefined;
    shown.forEach((points, env) => {
      assert.deepEqual(points.slice(0, bodies), held[env]);
      if (goals) assert.deepEqual(points.slice(bodies, bodies + goals[env]!.length), goals[env]);
    });
    const angles = await angle.toList() as number[][];
    const turned = await state.angle?.toList() as number[][] | undefined;
    angles.forEach((row, env) => assert.deepEqual(row.slice(0, bodies), turned?.[env] ?? Array(bodies).fill(0)));
  });
}
