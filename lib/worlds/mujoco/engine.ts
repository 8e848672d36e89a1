/** MuJoCo: its official WebAssembly build, which a thread loads once. */

import type { MainModule } from "npm:@mujoco/mujoco@3.14.0";

export type { DoubleBuffer, MainModule, MjData, MjModel, MjWarningStatVec } from "npm:@mujoco/mujoco@3.14.0";

let loading: Promise<MainModule> | null = null;

/** The library, loaded when it is first asked for. */
export function loadMujoco(): Promise<MainModule> {
  return loading ??= load();
}

async function load(): Promise<MainModule> {
  const { default: start } = await import("npm:@mujoco/mujoco@3.14.0");
  const silent = () => {};
  return await start({ print: silent, printErr: silent });
}
