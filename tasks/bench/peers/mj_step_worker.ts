/** A thread of {@link ./mj_step.ts}. */

import { parentPort, workerData } from "node:worker_threads";
import type { MjData } from "../../../lib/worlds/mujoco/engine.ts";
import { Model } from "../../../lib/worlds/mujoco/model.ts";

/** What the thread steps. */
export interface Share {
  readonly model: string;
  readonly frameSkip: number;
  readonly contactForces: boolean;
  /** The state of each environment before the last step of MuJoCo that was made of it. */
  readonly starts: readonly (readonly number[])[];
  /** [env, action] of each step. */
  readonly actions: readonly Float32Array[];
  /** Where episodes begin after a step, and in which state. */
  readonly begins: readonly { readonly step: number; readonly env: number; readonly state: readonly number[] }[];
}

const { model: xml, frameSkip, contactForces, starts, actions, begins } = workerData as Share;
const { mujoco, handle } = await Model.take(xml);
const all = mujoco.mjtState.mjSTATE_INTEGRATION.value;
const data = starts.map(() => new mujoco.MjData(handle));
const range = [...handle.actuator_ctrlrange as Float64Array];
const ctrl = data.map((one) => one.ctrl as Float64Array);
const { nu } = handle;

function put(one: MjData, state: readonly number[]): void {
  mujoco.mj_resetData(handle, one);
  mujoco.mj_setState(handle, one, state as number[], all);
}

function play(): void {
  for (const [env, one] of data.entries()) {
    put(one, starts[env]!);
    mujoco.mj_step(handle, one);
  }
  let next = 0;
  for (let step = 0; step < actions.length; step++) {
    const action = actions[step]!;
    for (let env = 0; env < data.length; env++) {
      const [one, into] = [data[env]!, ctrl[env]!];
      for (let i = 0; i < nu; i++) {
        const [low, high] = [range[2 * i]!, range[2 * i + 1]!];
        into[i] = (low + high) / 2 + (high - low) / 2 * action[env * nu + i]!;
      }
      for (let i = 0; i < frameSkip; i++) mujoco.mj_step(handle, one);
      if (contactForces) mujoco.mj_rnePostConstraint(handle, one);
    }
    for (; next < begins.length && begins[next]!.step === step; next++) {
      const one = data[begins[next]!.env]!;
      put(one, begins[next]!.state);
      mujoco.mj_forward(handle, one);
    }
  }
}

parentPort!.on("message", () => {
  play();
  parentPort!.postMessage("done");
});
parentPort!.postMessage("ready");
