/** The task of the humanoid of DeepMimic: not to fall. */

import { humanoid3d } from "./models/humanoid3d.ts";
import type { MujocoTask } from "./task.ts";

/** Numbers of the free joint: its place and quaternion; its velocities. */
const [rootPlaces, rootSpeeds] = [7, 6];
/** Where the centre of mass has to be, metres. */
const [lowest, highest] = [0.7, 2];
/** Noise at the start: radians, metres, and those of a second. */
const noise = 0.01;

/** Angles and speeds of 28 joints; what is observed is copied before it is observed again. */
const seen = new Float64Array(56);

/** What is seen are the angles of the 28 motors' joints and their speeds; being alive is worth 1 in each step. */
export const humanoid3dTask: MujocoTask = {
  model: humanoid3d,
  frameSkip: 1,
  reset({ qpos, qvel }, random) {
    for (const numbers of [qpos, qvel]) {
      for (let i = 0; i < numbers.length; i++) numbers[i]! += noise * (2 * random.next() - 1);
    }
  },
  observe({ qpos, qvel }) {
    const joints = qpos.length - rootPlaces;
    for (let i = 0; i < joints; i++) {
      seen[i] = qpos[rootPlaces + i]!;
      seen[joints + i] = qvel[rootSpeeds + i]!;
    }
    return seen;
  },
  reward: () => 1,
  terminated(state) {
    const [, , height] = state.massCentre();
    return height < lowest || height > highest;
  },
};
