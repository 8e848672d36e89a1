/** DeepMimic's reward once more, written down from its definition: with rotation matrices, and velocities as finite differences. */

import type { MujocoState } from "../../mod.ts";
import { Model } from "../../lib/worlds/mujoco/model.ts";

type Vector = readonly number[];
type Quaternion = readonly number[];

/** Where the root is, and the turn of each body in the one that it hangs on, in MuJoCo's order and frame. */
export interface Pose {
  readonly place: Vector;
  readonly turns: readonly Quaternion[];
}

const times = ([a, b, c, d]: Quaternion, [e, f, g, h]: Quaternion): Quaternion => [
  a! * e! - b! * f! - c! * g! - d! * h!,
  a! * f! + b! * e! + c! * h! - d! * g!,
  a! * g! - b! * h! + c! * e! + d! * f!,
  a! * h! + b! * g! - c! * f! + d! * e!,
];
const back = ([w, x, y, z]: Quaternion): Quaternion => [w!, -x!, -y!, -z!];
const rotate = (q: Quaternion, v: Vector): Vector => times(times(q, [0, ...v]), back(q)).slice(1);
const plus = (a: Vector, b: Vector, scale = 1): Vector => a.map((x, i) => x + scale * b[i]!);
const square = (v: Vector): number => v.reduce((sum, x) => sum + x * x, 0);

/** The turn about an axis by its length. */
export function turned(v: Vector): Quaternion {
  const angle = Math.sqrt(square(v));
  return angle === 0 ? [1, 0, 0, 0] : [Math.cos(angle / 2), ...v.map((x) => x / angle * Math.sin(angle / 2))];
}

/** The axis and angle of the shorter turn. */
function logarithm(q: Quaternion): Vector {
  const [w, ...v] = q[0]! < 0 ? q.map((x) => -x) : q;
  const sine = Math.sqrt(square(v));
  return v.map((x) => sine === 0 ? 0 : x / sine * 2 * Math.atan2(sine, w!));
}

/** DeepMimic's weights of the bodies of the model, by name. */
const weights: Readonly<Record<string, number>> = {
  root: 1,
  chest: 0.5,
  neck: 0.3,
  shoulder: 0.3,
  elbow: 0.2,
  hip: 0.5,
  knee: 0.3,
  ankle: 0.2,
};

/** The bodies of the model without the world, in its order. */
const names = [
  ...["root", "chest", "neck", "right_shoulder", "right_elbow", "left_shoulder", "left_elbow"],
  ...["right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"],
];
const isBend = (name: string): boolean => /knee|elbow/.test(name);
/** The parts of a frame, in DeepMimic's order. */
const order = [
  ...["root", "chest", "neck"],
  ...["right", "left"].flatMap((side) =>
    ["hip", "knee", "ankle", "shoulder", "elbow"].map((part) => `${side}_${part}`)
  ),
];

/** What MuJoCo says of the bodies. */
export interface Bodies {
  readonly parent: readonly number[];
  readonly at: readonly Vector[];
  readonly centre: readonly Vector[];
  readonly mass: Vector;
  /** A pose around standing upright, of numbers that `next` draws. */
  randomPose(next: () => number): Pose;
  /** What follows the duration in a frame of DeepMimic. */
  columns(pose: Pose): number[];
}

/** The bodies of a model. */
export async function bodiesOf(xml: string): Promise<Bodies> {
  const model = await Model.take(xml);
  const { handle } = model;
  const rows = (numbers: unknown, size: number): Vector[] =>
    names.map((_, i) => [...(numbers as Float64Array).slice(size * (i + 1), size * (i + 2))]);
  const bodies: Bodies = {
    parent: rows(handle.body_parentid, 1).map(([x]) => x! - 1),
    at: rows(handle.body_pos, 3),
    centre: rows(handle.body_ipos, 3),
    mass: rows(handle.body_mass, 1).map(([x]) => x!),
    randomPose: (next) => ({
      place: [next(), next(), 0.8 + next()],
      turns: names.map((name) => turned(isBend(name) ? [0, next(), 0] : [next(), next(), next()])),
    }),
    columns: ({ place: [x, y, z], turns }) => [
      ...[x!, z!, -y!],
      ...order.flatMap((name) => {
        const q = turns[names.indexOf(name)]!;
        return isBend(name) ? [-logarithm(q)[1]!] : [q[0]!, q[1]!, q[3]!, -q[2]!];
      }),
    ],
  };
  model.giveBack();
  return bodies;
}

/** A pose, and how it moves: the velocity of the root, and of each body in its own frame. */
interface Motion extends Pose {
  readonly speed: Vector;
  readonly spins: readonly Vector[];
}

/** The pose so many seconds later. */
function later({ place, turns, speed, spins }: Motion, seconds: number): Pose {
  return {
    place: plus(place, speed, seconds),
    turns: turns.map((q, i) => times(q, turned(spins[i]!.map((x) => x * seconds)))),
  };
}

/** The pose of hinges. */
function poseOf(qpos: Vector): Pose {
  let at = 7;
  const turns = names.map((name): Quaternion => {
    if (name === "root") return qpos.slice(3, 7);
    if (isBend(name)) return turned([0, -qpos[at++]!, 0]);
    const [a, b, c] = [qpos[at++]!, qpos[at++]!, qpos[at++]!];
    return times(times(turned([a, 0, 0]), turned([0, b, 0])), turned([0, 0, c]));
  });
  return { place: qpos.slice(0, 3), turns };
}

/** The pose of a state, and how it moves: from its hinges a little earlier and later. */
function motionOf({ qpos, qvel }: MujocoState): Motion {
  const step = 1e-6;
  const [at, speeds] = [[...qpos], [...qvel]];
  const [before, after] = [-1, 1].map((sign) => {
    const hinges = at.map((x, i) => i < 7 ? x : x + sign * step * speeds[i - 1]!);
    return poseOf(hinges);
  });
  const spins = names.map((_, i) =>
    i === 0
      ? speeds.slice(3, 6)
      : logarithm(times(back(before!.turns[i]!), after!.turns[i]!)).map((x) => x / (2 * step))
  );
  return { ...poseOf(at), speed: speeds.slice(0, 3), spins };
}

/** Where bodies are in the world. */
function worldOf({ parent, at }: Bodies, { place, turns }: Pose): { place: Vector; turn: Quaternion }[] {
  const all: { place: Vector; turn: Quaternion }[] = [];
  names.forEach((_, i) => {
    if (i === 0) return all.push({ place, turn: turns[0]! });
    const { place: from, turn } = all[parent[i]!]!;
    all.push({ place: plus(from, rotate(turn, at[i]!)), turn: times(turn, turns[i]!) });
  });
  return all;
}

function massCentre(bodies: Bodies, pose: Pose): Vector {
  const total = bodies.mass.reduce((sum, x) => sum + x);
  return worldOf(bodies, pose).reduce<Vector>(
    (sum, { place, turn }, i) => plus(sum, plus(place, rotate(turn, bodies.centre[i]!)), bodies.mass[i]! / total),
    [0, 0, 0],
  );
}

function massSpeed(bodies: Bodies, motion: Motion): Vector {
  const step = 1e-5;
  const [a, b] = [massCentre(bodies, later(motion, -step)), massCentre(bodies, later(motion, step))];
  return plus(b, a, -1).map((x) => x / (2 * step));
}

/** Hands and feet from the root, turned back by its heading; heights from the ground. */
function endsOf(bodies: Bodies, pose: Pose): Vector {
  const world = worldOf(bodies, pose);
  const [x, y] = rotate(pose.turns[0]!, [1, 0, 0]);
  const heading = Math.atan2(y!, x!);
  return ["right_ankle", "right_elbow", "left_ankle", "left_elbow"].flatMap((name) => {
    const { place, turn } = world[names.indexOf(name)]!;
    const end = plus(place, rotate(turn, isBend(name) ? [0, 0, -0.258947] : [0, 0, 0]));
    const [dx, dy] = plus(end, pose.place, -1);
    const [c, s] = [Math.cos(heading), Math.sin(heading)];
    return [c * dx! + s * dy!, -s * dx! + c * dy!, end[2]!];
  });
}

/** The terms of a state at the middle one of three frames, of which the last begins `seconds` after the first. */
export function rewardOf(
  bodies: Bodies,
  state: MujocoState,
  [before, pose, after]: readonly [Pose, Pose, Pose],
  seconds: number,
): Record<string, number> {
  const reference: Motion = {
    ...pose,
    speed: plus(after.place, before.place, -1).map((x) => x / seconds),
    spins: names.map((_, i) => logarithm(times(back(before.turns[i]!), after.turns[i]!)).map((x) => x / seconds)),
  };
  const body = motionOf(state);
  const own = names.map((name) => weights[name.replace(/^(right|left)_/, "")]!);
  const total = own.reduce((sum, x) => sum + x);
  const weighted = (error: (i: number) => number): number =>
    own.reduce((sum, weight, i) => sum + weight / total * error(i), 0);
  const angle2 = (i: number): number => square(logarithm(times(back(body.turns[i]!), reference.turns[i]!)));
  const spinInWorld = (motion: Motion): Vector => rotate(motion.turns[0]!, motion.spins[0]!);
  const terms = {
    pose: Math.exp(-2 * weighted(angle2)),
    velocity: Math.exp(-0.1 * weighted((i) => square(plus(body.spins[i]!, reference.spins[i]!, -1)))),
    end_effectors: Math.exp(-10 * square(plus(endsOf(bodies, body), endsOf(bodies, reference), -1))),
    root: Math.exp(
      -5 * (square(plus(body.place, reference.place, -1)) + 0.1 * angle2(0) +
        0.01 * square(plus(body.speed, reference.speed, -1)) +
        0.001 * square(plus(spinInWorld(body), spinInWorld(reference), -1))),
    ),
    mass_centre: Math.exp(-1 * square(plus(massSpeed(bodies, body), massSpeed(bodies, reference), -1))),
  };
  const imitation = 0.5 * terms.pose + 0.05 * terms.velocity + 0.15 * terms.end_effectors + 0.2 * terms.root +
    0.1 * terms.mass_centre;
  return { ...terms, imitation };
}
