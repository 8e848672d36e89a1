/** What a task sees of an environment in MuJoCo. */

/**
 * Numbers of MuJoCo (`mjData`) under MuJoCo's names, those that tasks call them by on the left. Rows are bodies, of which the first
 * is the world, geoms or sites.
 */
export const arrays = {
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
} as const satisfies Readonly<Record<MujocoArray, string>>;

/** The name of an array of MuJoCo, in camelCase: `qpos`, `sensordata`, `cfrcExt`. */
export type MujocoArray =
  | "qpos"
  | "qvel"
  | "qacc"
  | "ctrl"
  | "act"
  | "xpos"
  | "xquat"
  | "xmat"
  | "xipos"
  | "subtreeCom"
  | "geomXpos"
  | "siteXpos"
  | "sensordata"
  | "cinert"
  | "cvel"
  | "cfrcExt"
  | "qfrcActuator"
  | "qfrcApplied"
  | "xfrcApplied";

/**
 * One environment in MuJoCo, as the functions of a {@linkcode MujocoTask} see it. Its arrays are MuJoCo's own memory: they hold
 * what is now, and are not to be kept, since a later step changes them and a later allocation may move them.
 */
export interface MujocoState {
  /** Numbers of `qpos`. */
  readonly nq: number;
  /** Numbers of `qvel`: degrees of freedom. */
  readonly nv: number;
  /** Motors. */
  readonly nu: number;
  /** Bodies, the world among them. */
  readonly nbody: number;
  /** Seconds of one step of MuJoCo. */
  readonly timestep: number;
  /** Of each body, kilograms. */
  readonly bodyMass: Float64Array;
  /** Seconds since the episode began; since something else did, if `reset` puts another number here. */
  time: number;
  /** Positions of the joints: metres, radians, and quaternions. */
  readonly qpos: Float64Array;
  /** Velocities, of a second. */
  readonly qvel: Float64Array;
  /** What the motors were told in the last step, in their own units. */
  readonly ctrl: Float64Array;
  /**
   * An array by its name, such as `sensordata` or `xpos`, one row after the other. Those that are derived from the state are what
   * MuJoCo computed in its last step, as in Gymnasium: of the state before it, or of RK4's last stage.
   */
  array(name: MujocoArray): Float64Array;
  /** The centre of mass of all bodies, metres. */
  massCentre(): [x: number, y: number, z: number];
}
