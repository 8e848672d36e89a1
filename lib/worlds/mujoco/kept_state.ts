/**
 * The whole state of an environment as it was before a step, in a copy. The library has a function for it (`mj_getState`), which takes
 * as long as a tenth of a step of a small body; here the arrays are copied from where they lie in its memory.
 */

import type { MainModule, MjData, MjModel } from "./engine.ts";

/** The arrays that a state consists of (mjSTATE_INTEGRATION) after the time, in MuJoCo's order. */
const parts = [
  ...["qpos", "qvel", "act", "history", "qacc_warmstart", "ctrl", "qfrc_applied", "xfrc_applied"],
  // Which equality constraints hold can neither be read one by one nor changed by a task: it is as in the model.
  ...["eq_active", "mocap_pos", "mocap_quat", "userdata", "plugin_state"],
] as const;
type Part = Exclude<typeof parts[number], "eq_active">;

/** A part of the state that has numbers, where it is in all of them, and where it lies. */
interface Place {
  readonly part: Part;
  readonly at: number;
  view: Float64Array;
}

/** A copy that is made again and again. */
export class KeptState {
  /** As `mj_setState` takes it: time, then the arrays one after the other. */
  readonly numbers: Float64Array;
  readonly #data: MjData;
  readonly #places: readonly Place[];

  /**
   * The state of `data`, which is as the model begins.
   *
   * @throws Error if the state has other parts, as it may have in another version of the library.
   */
  constructor(mujoco: MainModule, model: MjModel, data: MjData) {
    this.#data = data;
    this.numbers = stateOf(mujoco, model, data);
    const places: Place[] = [];
    let at = 1;
    for (const part of parts) {
      const view = part === "eq_active" ? null : data[part] as Float64Array;
      if (part !== "eq_active" && view!.length > 0) places.push({ part, at, view: view! });
      at += view?.length ?? model.neq;
    }
    if (this.numbers.length !== at) {
      throw new Error("the state of this version of MuJoCo has other parts than those that are kept");
    }
    this.#places = places;
  }

  /** Copies what is now. */
  keep(): void {
    const { numbers } = this;
    numbers[0] = this.#data.time;
    for (const place of this.#places) {
      // When the memory of WebAssembly grows, views on the old one have no length any more.
      if (place.view.length === 0) place.view = this.#data[place.part] as Float64Array;
      const { view, at } = place;
      // They are short: a loop is over before set() has looked at what it is given.
      for (let i = 0; i < view.length; i++) numbers[at + i] = view[i]!;
    }
  }
}

/** All of it, as the library gives it. */
function stateOf({ DoubleBuffer, mj_getState, mj_stateSize, mjtState }: MainModule, model: MjModel, data: MjData) {
  const { value: all } = mjtState.mjSTATE_INTEGRATION;
  const buffer = new DoubleBuffer(mj_stateSize(model, all));
  mj_getState(model, data, buffer, all);
  const numbers = (buffer.GetView() as Float64Array).slice();
  buffer.delete();
  return numbers;
}
