/** One environment's state in MuJoCo: its numbers, its steps, and whether they are still to be believed. */

import { type Contact, contactsOf } from "./contacts.ts";
import type { MainModule, MjData } from "./engine.ts";
import { KeptState } from "./kept_state.ts";
import type { Model } from "./model.ts";
import { arrays, type MujocoArray, type MujocoState } from "./state.ts";
import { Warnings } from "./warnings.ts";

/** Numbers of a saved state beside MuJoCo's own. */
const ownState = 1;

/** MuJoCo takes a number as large as this for a sign of instability (mjMAXVAL). */
const largest = 1e10;

/** How what is derived from the state was computed last. */
const made = { forward: 0, step: 1 } as const;

/** An environment, and what moves it. */
export class Physics implements MujocoState {
  readonly nq: number;
  readonly nv: number;
  readonly nu: number;
  readonly nbody: number;
  readonly timestep: number;
  readonly bodyMass: Float64Array;
  /** Numbers of {@linkcode Physics.state}. */
  readonly stateSize: number;
  readonly model: Model;
  readonly #mujoco: MainModule;
  readonly #data: MjData;
  readonly #warnings: Warnings;
  /** The state before the last step of MuJoCo, or before the state was looked at. */
  readonly #before: KeptState;
  #made: typeof made[keyof typeof made] = made.forward;
  readonly #views: Partial<Record<MujocoArray, Float64Array>> = {};
  /** The middle and half the width of what each motor takes. */
  readonly #middle: Float64Array;
  readonly #half: Float64Array;

  /** The state that the model begins with. `contactForces`: whether `cfrcExt` is computed after each control step. */
  constructor(model: Model, readonly frameSkip: number, readonly contactForces: boolean) {
    const { mujoco, handle } = model;
    this.model = model;
    this.#mujoco = mujoco;
    this.#data = new mujoco.MjData(handle);
    this.#before = new KeptState(mujoco, handle, this.#data);
    this.stateSize = this.#before.numbers.length + ownState;
    const { nq, nv, nu, nbody } = handle;
    [this.nq, this.nv, this.nu, this.nbody] = [nq, nv, nu, nbody];
    const option = handle.opt;
    this.timestep = option.timestep;
    this.bodyMass = (handle.body_mass as Float64Array).slice();
    [this.#middle, this.#half] = rangesOf(nu, handle.actuator_ctrlrange);
    this.#warnings = new Warnings(this.#data.warning, this.qpos.buffer);
  }

  get time(): number {
    return this.#data.time;
  }

  set time(seconds: number) {
    this.#data.time = seconds;
  }

  get qpos(): Float64Array {
    return this.array("qpos");
  }

  get qvel(): Float64Array {
    return this.array("qvel");
  }

  get ctrl(): Float64Array {
    return this.array("ctrl");
  }

  array(name: MujocoArray): Float64Array {
    const view = this.#views[name];
    // When the memory of WebAssembly grows, views on the old one have no length any more.
    if (view && view.length > 0) return view;
    return this.#views[name] = this.#data[arrays[name]] as Float64Array;
  }

  massCentre(): [x: number, y: number, z: number] {
    const places = this.array("xipos");
    const sum: [number, number, number] = [0, 0, 0];
    let mass = 0;
    for (let body = 0; body < this.nbody; body++) {
      const own = this.bodyMass[body]!;
      mass += own;
      for (let axis = 0; axis < 3; axis++) sum[axis]! += own * places[3 * body + axis]!;
    }
    return [sum[0] / mass, sum[1] / mass, sum[2] / mass];
  }

  /** Of all bodies, newtons. */
  weight(): number {
    const mass = this.bodyMass.reduce((sum, x) => sum + x, 0);
    return mass * Math.hypot(...this.model.handle.opt.gravity as Float64Array);
  }

  /** The contacts of the last step. */
  contacts(): Contact[] {
    return contactsOf(this.#mujoco, this.model.handle, this.#data);
  }

  /** Back to the state that the model begins with; `place` may change `qpos`, `qvel` and the time before what depends on them is derived. */
  begin(place: () => void): void {
    this.#mujoco.mj_resetData(this.model.handle, this.#data);
    place();
    this.#before.keep();
    this.#forward();
  }

  /**
   * `frameSkip` steps under `action`: [-1, 1] of each motor's range, or what `drive` makes of it. Gives whether the state is still to
   * be believed.
   */
  advance(action: ArrayLike<number>, drive?: () => void): boolean {
    const { frameSkip, nu } = this;
    if (action.length !== nu) {
      throw new RangeError(
        `the model has ${nu} motors, and the world an actionSize of ${action.length}: they are the same`,
      );
    }
    if (drive) drive();
    else this.#share(action);
    try {
      for (let i = 1; i < frameSkip; i++) this.#mujoco.mj_step(this.model.handle, this.#data);
      this.#before.keep();
      this.#lastStep();
    } catch (error) {
      throw told(error as Error);
    }
    const { qpos, qvel } = this;
    // MuJoCo looks at a state before it steps on: of the last one it has said nothing yet.
    return !this.#warnings.raised(qpos.buffer) && isSmall(qpos) && isSmall(qvel);
  }

  /** All that is needed to go on bit for bit. */
  state(): Float64Array {
    const numbers = new Float64Array(this.stateSize);
    numbers[0] = this.#made;
    numbers.set(this.#before.numbers, ownState);
    return numbers;
  }

  /** Goes on from a {@linkcode Physics.state}. */
  restore(state: Float64Array): void {
    const { handle } = this.model;
    const { mjtState: { mjSTATE_INTEGRATION: { value: all } } } = this.#mujoco;
    this.#mujoco.mj_resetData(handle, this.#data);
    this.#before.numbers.set(state.subarray(ownState));
    // What is derived from the state was left one step behind it: the step is made again.
    this.#mujoco.mj_setState(handle, this.#data, Array.from(this.#before.numbers), all);
    if (state[0] === made.step) this.#lastStep();
    else this.#forward();
  }

  /** Frees the memory. */
  dispose(): void {
    this.#data.delete();
    this.model.giveBack();
  }

  #share(action: ArrayLike<number>): void {
    const { ctrl } = this;
    for (let i = 0; i < this.nu; i++) ctrl[i] = this.#middle[i]! + this.#half[i]! * action[i]!;
  }

  #forward(): void {
    this.#mujoco.mj_forward(this.model.handle, this.#data);
    this.#made = made.forward;
  }

  #lastStep(): void {
    const { handle } = this.model;
    this.#mujoco.mj_step(handle, this.#data);
    if (this.contactForces) this.#mujoco.mj_rnePostConstraint(handle, this.#data);
    this.#made = made.step;
  }
}

/** Whether all are numbers that MuJoCo would not take for instability. */
function isSmall(numbers: Float64Array): boolean {
  for (let i = 0; i < numbers.length; i++) {
    if (!(Math.abs(numbers[i]!) < largest)) return false;
  }
  return true;
}

/** The middle and half the width of each motor's range; of one without a range 0 and 1: the action is what it is told. */
function rangesOf(nu: number, range: ArrayLike<number>): [Float64Array, Float64Array] {
  const [middle, half] = [new Float64Array(nu), new Float64Array(nu).fill(1)];
  for (let i = 0; i < nu; i++) {
    const [low, high] = [range[2 * i]!, range[2 * i + 1]!];
    if (low < high) [middle[i], half[i]] = [(low + high) / 2, (high - low) / 2];
  }
  return [middle, half];
}

/** What MuJoCo gives up at, in one line, with the way out where it is known. */
function told({ message }: Error): Error {
  const what = message.replace(/^MuJoCo Error: /, "").trim().replaceAll(/\s*\n\s*/g, ", ");
  const more = /out of memory/.test(what) ? ': give the model more, <size memory="1M"/>' : "";
  return new Error(`MuJoCo: ${what}${more}`);
}
