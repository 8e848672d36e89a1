/**
 * The task of imitating a motion with humanoid3d, as DeepMimic has it: an episode begins anywhere in the motion, in its pose and with
 * its speeds, is rewarded for keeping to it, and ends where the body has lost it. The clock of MuJoCo is the time of the motion.
 */

import { humanoid3d, humanoid3dTargets } from "../models/humanoid3d.ts";
import type { MujocoState } from "../state.ts";
import type { MujocoTask } from "../task.ts";
import { Figure } from "./figure.ts";
import type { Motion } from "./motion.ts";
import { imitationMetrics, imitationReward, type ImitationTerms } from "./reward.ts";

/** What an action says: a share of each motor's torque, or where its joint is to go. */
export type MujocoControl = "torque" | "target";

/** How far the centre of mass may be above or below that of the motion, and along the ground from it, metres. */
const [tallest, farthest] = [0.2, 1];

/** How far from the motion's own angle an action moves that which a motor is told, radians. */
const reach = 0.5;

/** Numbers of the free joint in `qpos` and `qvel`. */
const [rootPlaces, rootSpeeds] = [7, 6];

/** What is seen beside the joints. */
const beside = 16;

/** Numbers that are seen. */
export const imitationObservation: number = 56 + beside;

/** The task; the motion is imitated at its own speed, and the world has its place along the ground. */
export function imitationTask(motion: Motion, control: MujocoControl): MujocoTask {
  const [body, reference] = [new Figure(), new Figure()];
  const [qpos, qvel] = [new Float64Array(35), new Float64Array(34)];
  const terms: ImitationTerms = { imitation: 0, pose: 0, velocity: 0, end_effectors: 0, root: 0, mass_centre: 0 };
  const names = Object.keys(imitationMetrics) as (keyof ImitationTerms)[];
  const seen = new Float64Array(imitationObservation);
  /** Brings both figures up to date. */
  const compare = (state: MujocoState): void => {
    body.take(state.qpos, state.qvel);
    body.derive();
    motion.show(state.time, reference);
  };
  const showReference = (time: number): Float64Array => {
    motion.show(time, reference);
    reference.give(qpos, qvel);
    return qpos;
  };
  return {
    model: control === "torque" ? humanoid3d : humanoid3dTargets,
    frameSkip: 1,
    reset(state, random) {
      state.time = random.next() * motion.duration;
      state.qpos.set(showReference(state.time));
      state.qvel.set(qvel);
    },
    ...control === "target" && {
      drive(state, action) {
        const angles = showReference(state.time);
        const { ctrl } = state;
        for (let i = 0; i < ctrl.length; i++) ctrl[i] = angles[rootPlaces + i]! + reach * action[i]!;
      },
    },
    observe(state) {
      compare(state);
      look(state, motion, body, reference, seen);
      return seen;
    },
    // What is observed is compared first.
    reward: () => imitationReward(body, reference, terms),
    terminated() {
      const [a, b] = [body.massCentre, reference.massCentre];
      return Math.abs(a[2]! - b[2]!) > tallest || Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!) > farthest;
    },
    truncated: (state) => motion.isOver(state.time),
    measures: names,
    measure(_, into) {
      for (const name of names) into[name] = terms[name];
    },
    ghost: (state) => showReference(state.time),
  };
}

/**
 * What is seen: the angles of the 28 motors' joints and their speeds; of the root the height, which way is up in its own frame, its
 * velocity and angular velocity there; where the reference's root is from it along the ground, in the frame of its heading, and how
 * much that faces aside (cosine, sine); the phase of the motion as a point of a circle, or of half a circle if it does not loop.
 */
function look({ qpos, qvel, time }: MujocoState, motion: Motion, body: Figure, reference: Figure, seen: Float64Array) {
  const joints = qpos.length - rootPlaces;
  for (let i = 0; i < joints; i++) {
    seen[i] = qpos[rootPlaces + i]!;
    seen[joints + i] = qvel[rootSpeeds + i]!;
  }
  let at = 2 * joints;
  seen[at++] = qpos[2]!;
  body.fromRoot(seen, at, 0, 0, 1);
  body.fromRoot(seen, at += 3, qvel[0]!, qvel[1]!, qvel[2]!);
  at += 3;
  for (let k = 3; k < 6; k++) seen[at++] = qvel[k]!;
  const [cosine, sine] = [body.heading[0]!, body.heading[1]!];
  const [x, y] = [reference.pose[0]! - qpos[0]!, reference.pose[1]! - qpos[1]!];
  seen[at++] = cosine * x + sine * y;
  seen[at++] = cosine * y - sine * x;
  seen[at++] = cosine * reference.heading[0]! + sine * reference.heading[1]!;
  seen[at++] = cosine * reference.heading[1]! - sine * reference.heading[0]!;
  const angle = (motion.loops ? 2 : 1) * Math.PI * motion.phase(time);
  seen[at++] = Math.cos(angle);
  seen[at++] = Math.sin(angle);
}
