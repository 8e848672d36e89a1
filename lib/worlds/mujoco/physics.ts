/** One environment's state in MuJoCo: its numbers, its steps, and whether they are still to be believed. */

import type { DoubleBuffer, MainModule, MjData, MjWarningStatVec } from "./engine.ts";
import type { Model } from "./model.ts";

/** Numbers of MuJoCo (`mjData`) that tasks read, under MuJoCo's names in camelCase. Rows are bodies, the first is the world. */
const arrays = {
  qpos: "qpos",
  qvel: "qvel",
  qacc: "qacc",
  ctrl: "ctrl",
  act: "act",
  xpos: "xpos",
  xquat: "xquat",
  xmat: "xmat",
  xipos: "xipos",
  subtreeCom: "subtree_com",
  geomXpos: "geom_xpos",
  siteXpos: "site_xpos",
  sensordata: "sensordata",
  cinert: "cinert",
  cvel: "cvel",
  cfrcExt: "cfrc_ext",
  qfrcActuator: "qfrc_actuator",
  qfrcApplied: "qfrc_applied",
  xfrcApplied: "xfrc_applied",
} as const;

/** The name of one of the arrays of {@linkcode Physics.array}. */
export type PhysicsArray = keyof typeof arrays;

/** The numbers that a control step leaves behind are kept in this many places beyond MuJoCo's own. */
const ownState = 1;

/** MuJoCo takes a number as large as this for a sign of instability (mjMAXVAL). */
const largest = 1e10;

/** The warnings that MuJoCo only counts: a bad inertia matrix, no room for contacts or constraints. */
const counted = ["mjWARN_INERTIA", "mjWARN_CONTACTFULL", "mjWARN_CNSTRFULL"] as const;
/** Those after which it resets the state, if the model allows it. */
const resetting = ["mjWARN_BADQPOS", "mjWARN_BADQVEL", "mjWARN_BADQACC"] as const;

/** How what is derived from the state was computed last. */
const made = { forward: 0, step: 1 } as const;

/**
 * One environment in MuJoCo, as the functions of a {@linkcode MujocoTask} see it. Its arrays are MuJoCo's own memory: they hold
 * what is now, and are not to be kept, since a later allocation may move them.
 */
export class Physics {
  /** Positions of the joints: `nq` numbers. */
  readonly nq: number;
  /** Degrees of freedom: `nv` numbers of velocity. */
  readonly nv: number;
  /** Motors. */
  readonly nu: number;
  /** Bodies, the world among them. */
  readonly nbody: number;
  /** Seconds of one step of MuJoCo. */
  readonly timestep: number;
  /** Of each body, kilograms. */
  readonly bodyMass: Float64Array;
  /** `qpos` of the model as it is written. */
  readonly qpos0: Float64Array;
  /** Numbers of {@linkcode Physics.state}. */
  readonly stateSize: number;
  readonly #model: Model;
  readonly #mujoco: MainModule;
  readonly #data: MjData;
  readonly #warnings: MjWarningStatVec;
  readonly #counted: readonly number[];
  readonly #resetting: readonly number[];
  /** The state before the last step of MuJoCo, or before the state was looked at. */
  readonly #before: DoubleBuffer;
  readonly #signature: number;
  #made: typeof made[keyof typeof made] = made.forward;
  readonly #views: Partial<Record<PhysicsArray, Float64Array>> = {};
  /** The middle and half the width of what each motor takes. */
  readonly #middle: Float64Array;
  readonly #half: Float64Array;

  /** The state that the model begins with. `contactForces`: whether `cfrcExt` is computed after each control step. */
  constructor(model: Model, readonly frameSkip: number, readonly contactForces: boolean) {
    const { mujoco, handle } = model;
    this.#model = model;
    this.#mujoco = mujoco;
    this.#data = new mujoco.MjData(handle);
    this.#warnings = this.#data.warning;
    [this.#counted, this.#resetting] = [counted, resetting].map((kinds) =>
      kinds.map((x) => mujoco.mjtWarning[x].value)
    );
    this.#signature = mujoco.mjtState.mjSTATE_INTEGRATION.value;
    const size = mujoco.mj_stateSize(handle, this.#signature);
    this.#before = new mujoco.DoubleBuffer(size);
    this.stateSize = size + ownState;
    const { nq, nv, nu, nbody } = handle;
    [this.nq, this.nv, this.nu, this.nbody] = [nq, nv, nu, nbody];
    const option = handle.opt;
    this.timestep = option.timestep;
    this.bodyMass = (handle.body_mass as Float64Array).slice();
    this.qpos0 = (handle.qpos0 as Float64Array).slice();
    [this.#middle, this.#half] = rangesOf(nu, handle.actuator_ctrlrange);
  }

  /** Seconds since the episode began. */
  get time(): number {
    return this.#data.time;
  }

  /** Positions of the joints, `nq` numbers. */
  get qpos(): Float64Array {
    return this.array("qpos");
  }

  /** Velocities, `nv` numbers. */
  get qvel(): Float64Array {
    return this.array("qvel");
  }

  /** What the motors were told in the last step, in their own units: `nu` numbers. */
  get ctrl(): Float64Array {
    return this.array("ctrl");
  }

  /**
   * An array of MuJoCo by its name in camelCase, such as `sensordata` or `xpos`, one row after the other. Those that are derived
   * from the state are what MuJoCo computed in its last step, as in Gymnasium: of the state before it, or of RK4's last stage.
   */
  array(name: PhysicsArray): Float64Array {
    const view = this.#views[name];
    // When the memory of WebAssembly grows, views on the old one have no length any more.
    if (view && view.length > 0) return view;
    return this.#views[name] = this.#data[arrays[name]] as Float64Array;
  }

  /** The centre of mass of all bodies, metres. */
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

  /** Back to the state that the model begins with; `place` may change `qpos` and `qvel` before what depends on them is derived. */
  begin(place: () => void): void {
    this.#mujoco.mj_resetData(this.#model.handle, this.#data);
    place();
    this.#keep();
    this.#forward();
  }

  /** `frameSkip` steps under `action`, [-1, 1] of each motor's range. Gives whether the state is still to be believed. */
  advance(action: ArrayLike<number>): boolean {
    const { frameSkip, nu } = this;
    if (action.length !== nu) {
      throw new RangeError(
        `the model has ${nu} motors, and the world an actionSize of ${action.length}: they are the same`,
      );
    }
    const { ctrl } = this;
    for (let i = 0; i < nu; i++) ctrl[i] = this.#middle[i]! + this.#half[i]! * action[i]!;
    const { time } = this.#data;
    try {
      for (let i = 1; i < frameSkip; i++) this.#mujoco.mj_step(this.#model.handle, this.#data);
      this.#keep();
      this.#lastStep();
    } catch (error) {
      throw told(error as Error);
    }
    return !this.#wasReset(time) && isSmall(this.qpos) && isSmall(this.qvel) && !this.#warned(this.#counted);
  }

  /** All that is needed to go on bit for bit. */
  state(): Float64Array {
    const numbers = new Float64Array(this.stateSize);
    numbers[0] = this.#made;
    numbers.set(this.#before.GetView() as Float64Array, ownState);
    return numbers;
  }

  /** Goes on from a {@linkcode Physics.state}. */
  restore(state: Float64Array): void {
    const { handle } = this.#model;
    this.#mujoco.mj_resetData(handle, this.#data);
    const before = Array.from(state.subarray(ownState));
    (this.#before.GetView() as Float64Array).set(before);
    // What is derived from the state was left one step behind it: the step is made again.
    this.#mujoco.mj_setState(handle, this.#data, before, this.#signature);
    if (state[0] === made.step) this.#lastStep();
    else this.#forward();
  }

  /** Frees the memory. */
  dispose(): void {
    this.#before.delete();
    this.#data.delete();
    this.#model.giveBack();
  }

  #keep(): void {
    this.#mujoco.mj_getState(this.#model.handle, this.#data, this.#before, this.#signature);
  }

  #forward(): void {
    this.#mujoco.mj_forward(this.#model.handle, this.#data);
    this.#made = made.forward;
  }

  #lastStep(): void {
    const { handle } = this.#model;
    this.#mujoco.mj_step(handle, this.#data);
    if (this.contactForces) this.#mujoco.mj_rnePostConstraint(handle, this.#data);
    this.#made = made.step;
  }

  /** Whether MuJoCo reset the state by itself since `time`. */
  #wasReset(time: number): boolean {
    // The time is reset with it, which only shows where it had passed; to look at warnings takes longer.
    return time > 0 ? this.#data.time < time + this.timestep / 2 : this.#warned(this.#resetting);
  }

  #warned(kinds: readonly number[]): boolean {
    return kinds.some((kind) => {
      const warning = this.#warnings.get(kind)!;
      const { number } = warning;
      warning.delete();
      return number > 0;
    });
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
