/** What a car on its track looks like from above: a dashed line, and the car. */

import { concat, stack } from "../../tensor/functions.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Entity, Placement, Scene } from "../scene.ts";
import type { VehicleModel } from "./models/model.ts";
import type { TrackTable } from "./tracks/table.ts";

/** Of the dashed line. */
const dashes = 100;

/** A scene of states that have a car and a track. */
export function sceneOfCar<
  S extends { readonly car: Tensor; readonly track: Tensor; readonly at: Tensor } & Readonly<Record<string, Tensor>>,
>(
  model: VehicleModel,
  table: TrackTable,
  frameSeconds: number,
): Scene<S> {
  const mean = table.tracks.reduce((sum, track) => sum + track.length, 0) / table.tracks.length;
  const dash: Entity = { role: "joint", shape: { kind: "line", length: 0.6 * mean / dashes } };
  const { length, width } = model.parameters;
  const body: Entity = { role: "agent", shape: { kind: "box", length: Number(length), width: Number(width) } };
  return {
    entities: [...Array.from({ length: dashes }, () => dash), body],
    frameSeconds,
    place({ car, track }: S): Placement {
      const { x, y, heading } = model.read(car);
      const line = table.outline(track.named(null), dashes);
      const at = stack([x, y].map((one) => one.named(null)), -1).unsqueeze(1);
      const position = concat([line.position, at].map((one) => one.named("env", null, null)), 1);
      const angle = concat([line.angle, heading.named(null).unsqueeze(1)].map((one) => one.named("env", null)), 1);
      return { position, angle };
    },
    errors: {
      names: ["lateral error (m)", "heading error (rad)", "speed error (m/s)"],
      values({ car, track, at }: S): Tensor {
        const { lateral, heading, speed } = table.errors({ track, at }, model.read(car));
        return stack([lateral, heading, speed].map((x) => x.named(null)), -1);
      },
    },
  };
}
