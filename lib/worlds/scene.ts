/** What a world looks like: the entities that a person wants to see, and where they are in a state. */

import { tensor, zeros } from "../tensor/creation.ts";
import { concat } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import type { Shape } from "./particle/body.ts";

/** What an entity is to the task: who acts, where to go, what is moved, what is in the way, what holds others together. */
export type Role = "agent" | "goal" | "object" | "wall" | "joint";

/** Something to be drawn. */
export interface Entity {
  /** What it is to the task; it decides how it is drawn. */
  readonly role: Role;
  /** Its outline, metres. */
  readonly shape: Shape;
  /** The agent whose goal it is; of all agents if not given. */
  readonly agent?: number;
}

/** Where the entities of a scene are, by their order. */
export interface Placement {
  /** Either of them, by name. */
  readonly [key: string]: Tensor;
  /** Of the centres, float32 [env, entity, 2], metres. */
  readonly position: Tensor;
  /** float32 [env, entity], radians counter-clockwise. */
  readonly angle: Tensor;
}

/** How a world is drawn. */
export interface Scene<S extends Tree = Tree> {
  /** All that is drawn, in the order of {@linkcode Placement}. */
  readonly entities: readonly Entity[];
  /** Seconds from one step to the next; 0.1 if not given. */
  readonly frameSeconds?: number;
  /** The entities in a state. */
  place(state: S): Placement;
  /** What agents sense around them, if they do. */
  readonly lidar?: SceneLidar<S>;
  /** How much agents count on one another, if they do: float32 [env, agent, other], in [0, 1]. */
  links?(state: S): Tensor;
  /** How far off what is to be done an environment is, if that is told: drawn over time beside the scene. */
  readonly errors?: SceneErrors<S>;
}

/** Numbers that are 0 where all is as it is to be. */
export interface SceneErrors<S extends Tree = Tree> {
  /** Each with its unit: "lateral error (m)". */
  readonly names: readonly string[];
  /** float32 [env, error]. */
  values(state: S): Tensor;
}

/** Why a world without a scene cannot be drawn, and which guide shows one. */
export function noScene(name: string, guide: "your_own_world" | "your_own_simulation"): string {
  return `${name} cannot be drawn: the world has no scene. docs/${guide}.md shows one.`;
}

/** Rays from the centre of each agent, evenly spaced from the x axis counter-clockwise. */
export interface SceneLidar<S extends Tree = Tree> {
  /** How far they reach, metres. */
  readonly range: number;
  /** How many each agent has. */
  readonly rays: number;
  /** Range less the distance to what a ray hits, 0 where it hits nothing: float32 [env, agent, ray], metres. */
  nearness(state: S): Tensor;
}

/** The parts of a state that say where things are. */
export type Placed = Tree & { readonly position: Tensor; readonly angle?: Tensor; readonly goal?: Tensor };

/** What a scene is made of. */
export interface SceneParts<S extends Tree> {
  /** In the order of the state's body axis. */
  readonly bodies: readonly Entity[];
  /** In the order of the state's goals. */
  readonly goals?: readonly Entity[];
  /** What never moves and is no part of the state. */
  readonly fixed?: readonly {
    readonly entity: Entity;
    readonly at: readonly [x: number, y: number];
    readonly angle: number;
  }[];
  readonly lidar?: SceneLidar<S>;
}

/** `count` discs of one role. */
export function discs(role: Role, count: number, radius: number): Entity[] {
  return Array.from({ length: count }, () => ({ role, shape: { kind: "sphere", radius } }));
}

/** The scene of a state that has `position` and, where it has bodies that turn or goals, `angle` and `goal`. */
export function sceneOf<S extends Placed>({ bodies, goals = [], fixed = [], lidar }: SceneParts<S>): Scene<S> {
  const at = fixed.length > 0 ? tensor([fixed.map((x) => [...x.at])]) : null;
  const turned = fixed.length > 0 ? tensor([fixed.map((x) => x.angle)]) : null;
  return {
    entities: [...bodies, ...goals, ...fixed.map((x) => x.entity)],
    place({ position, angle, goal }) {
      const envs = position.shape[0]!;
      const points = [position, ...goal ? [goal] : []].map((x) => x.named("env", null, null));
      const angles = [angle ?? zeros([envs, bodies.length]), zeros([envs, goals.length])].map((x) =>
        x.named("env", null)
      );
      if (at && turned) {
        points.push(at.expand(envs, -1, -1));
        angles.push(turned.expand(envs, -1));
      }
      return { position: concat(points, 1), angle: concat(angles.filter((x) => x.size > 0), 1) };
    },
    ...lidar ? { lidar } : {},
  };
}
