/** What a model of MuJoCo looks like: its geoms as solids, and where they are for positions of the joints. */

import { type SceneView, type SolidEntity, solidNumbers, type SolidRole } from "../solids.ts";
import type { MainModule, MjData, MjModel } from "./engine.ts";
import type { Model } from "./model.ts";

/** Geoms of groups from this one on are hidden, as in MuJoCo's own viewer; so are those that nobody can see through to. */
const firstHiddenGroup = 3;
/** What MuJoCo gives to geoms without a colour. */
const noColour = [0.5, 0.5, 0.5];
/** How far a plane without a size is drawn that is not level, metres. */
const endless = 100;
/** How nearly an axis has to be another. */
const nearly = 1 - 1e-6;

/** A model that is looked at. It has a state of its own, so that looking changes nothing of what is simulated. */
export class Figure {
  /** From the side if nothing leaves the plane of x and z. */
  readonly view: SceneView;
  /** All geoms that are to be seen; the ground among them. */
  readonly entities: readonly SolidEntity[];
  readonly #mujoco: MainModule;
  readonly #model: MjModel;
  readonly #data: MjData;
  /** The geoms of the entities. */
  readonly #geoms: readonly number[];

  /** As the model begins. */
  constructor({ mujoco, handle }: Model) {
    this.#mujoco = mujoco;
    this.#model = handle;
    this.#data = new mujoco.MjData(handle);
    this.#derive();
    this.view = isPlanar(handle, this.#data) ? "side" : "oblique";
    const seen = Array.from({ length: handle.ngeom }, (_, geom) => geom).filter((geom) => isSeen(handle, geom));
    this.#geoms = seen;
    this.entities = seen.map((geom) => entityOf(handle, geom, this.#data.geom_xmat as Float64Array));
  }

  /** The entities that are parts of bodies which move, by their places. */
  limbs(): number[] {
    return this.entities.flatMap(({ role }, i) => role === "limb" ? [i] : []);
  }

  /** The entity of a geom; -1 if it is not seen. */
  entityOf(geom: number): number {
    return this.#geoms.indexOf(geom);
  }

  /** Puts the body where joints at `qpos` put it; what is asked for afterwards is of there. */
  pose(qpos: ArrayLike<number>): void {
    (this.#data.qpos as Float64Array).set(qpos);
    this.#derive();
  }

  /** Writes x, y, z and rotation of the entities with these places into `into`, from `at` on; gives where it ended. */
  place(entities: Iterable<number>, into: Float64Array, at: number): number {
    const [places, rotations] = [this.#data.geom_xpos as Float64Array, this.#data.geom_xmat as Float64Array];
    for (const entity of entities) {
      const geom = this.#geoms[entity]!;
      into.set(places.subarray(3 * geom, 3 * geom + 3), at);
      into.set(rotations.subarray(9 * geom, 9 * geom + 9), at + 3);
      at += solidNumbers;
    }
    return at;
  }

  /** The centre of mass of everything. */
  massCentre(): Float64Array {
    return (this.#data.subtree_com as Float64Array).subarray(0, 3);
  }

  /** Frees the memory. */
  dispose(): void {
    this.#data.delete();
  }

  #derive(): void {
    this.#mujoco.mj_kinematics(this.#model, this.#data);
    this.#mujoco.mj_comPos(this.#model, this.#data);
  }
}

/** Whether joints leave everything in its plane of x and z. */
function isPlanar({ njnt, jnt_type }: MjModel, { xaxis }: MjData): boolean {
  const [slide, hinge] = [2, 3];
  return Array.from({ length: njnt }, (_, joint) => {
    const across = Math.abs((xaxis as Float64Array)[3 * joint + 1]!);
    const type = (jnt_type as Int32Array)[joint];
    return type === hinge ? across > nearly : type === slide && across < 1 - nearly;
  }).every(Boolean);
}

function isSeen({ geom_group, geom_rgba }: MjModel, geom: number): boolean {
  return (geom_group as Int32Array)[geom]! < firstHiddenGroup && (geom_rgba as Float32Array)[4 * geom + 3]! > 0;
}

function entityOf(model: MjModel, geom: number, rotations: Float64Array): SolidEntity {
  const moves = (model.body_weldid as Int32Array)[(model.geom_bodyid as Int32Array)[geom]!]! > 0;
  const role: SolidRole = moves ? "limb" : "wall";
  const colour = colourOf(model, geom);
  const [x, y, z] = [0, 1, 2].map((i) => (model.geom_size as Float64Array)[3 * geom + i]!) as [number, number, number];
  const looks = { role, ...colour !== null && { colour } };
  switch ((model.geom_type as Int32Array)[geom]) {
    case 0: {
      const isLevel = rotations[9 * geom + 8]! > nearly;
      if (isLevel && !moves) return { role: "ground", shape: { kind: "plane" } };
      return { ...looks, shape: { kind: "cuboid", size: [2 * x || endless, 2 * y || endless, 0] } };
    }
    case 2:
      return { ...looks, shape: { kind: "sphere", radius: x } };
    case 3:
      return { ...looks, shape: { kind: "capsule", radius: x, length: 2 * y } };
    case 4:
      return { ...looks, shape: { kind: "ellipsoid", radii: [x, y, z] } };
    case 5:
      return { ...looks, shape: { kind: "cylinder", radius: x, length: 2 * y } };
    default:
      // Of a mesh or a field of heights MuJoCo has here half the sides of the box around it.
      return { ...looks, shape: { kind: "cuboid", size: [2 * x, 2 * y, 2 * z] } };
  }
}

/** The colour that the model gives to a geom, or to its material. */
function colourOf({ geom_rgba, geom_matid, mat_rgba }: MjModel, geom: number): string | null {
  const own = [...(geom_rgba as Float32Array).subarray(4 * geom, 4 * geom + 3)];
  const material = (geom_matid as Int32Array)[geom]!;
  const isOwn = own.some((x, i) => x !== noColour[i]);
  if (!isOwn && material < 0) return null;
  const rgb = isOwn ? own : [...(mat_rgba as Float32Array).subarray(4 * material, 4 * material + 3)];
  return `#${rgb.map((x) => Math.round(255 * x).toString(16).padStart(2, "0")).join("")}`;
}
