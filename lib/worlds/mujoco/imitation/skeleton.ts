/** The bones of humanoid3d as numbers: what hangs on what, where, by which joint, and how heavy it is. */

import { hand, limbs, type Part, pelvis, type Place } from "../models/humanoid3d.ts";

/** A body of the model. */
export interface Bone {
  readonly name: string;
  /** The bone that it hangs on; -1 for the root. */
  readonly parent: number;
  /** Where it hangs on that, metres. */
  readonly at: Place;
  /** Hinges: 3 about x, y and z, 1 about -y, 0 for the root, which is free. */
  readonly hinges: 0 | 1 | 3;
  /** The place of its first hinge in `qpos`; in `qvel` it is one less. */
  readonly first: number;
  /** Kilograms. */
  readonly mass: number;
  /** Its centre of mass. */
  readonly centre: Place;
  /** What a mistake of this joint counts (Peng et al. 2018, `DiffWeight` of the published `humanoid3d.txt`). */
  readonly weight: number;
}

const weights: Readonly<Record<string, number>> = {
  root: 1,
  chest: 0.5,
  neck: 0.3,
  hip: 0.5,
  knee: 0.3,
  ankle: 0.2,
  shoulder: 0.3,
  elbow: 0.2,
};

function massOf(geoms: Part["geoms"]): Pick<Bone, "mass" | "centre"> {
  const mass = geoms.reduce((sum, geom) => sum + geom.mass, 0);
  const along = (axis: number): number => geoms.reduce((sum, geom) => sum + geom.mass * geom.at[axis]!, 0) / mass;
  return { mass, centre: [along(0), along(1), along(2)] };
}

/** All bones; a parent comes before what hangs on it. */
export const bones: readonly Bone[] = bonesOf();

function bonesOf(): Bone[] {
  const all: Bone[] = [
    { name: "root", parent: -1, at: [0, 0, 0], hinges: 0, first: 0, ...massOf(pelvis), weight: weights.root! },
  ];
  let first = 7;
  const add = (part: Part, parent: number): void => {
    const { name, at, geoms, joint: { ranges } } = part;
    const hinges = ranges.length as 1 | 3;
    const weight = weights[name.replace(/^(right|left)_/, "")]!;
    all.push({ name, parent, at, hinges, first, ...massOf(geoms), weight });
    first += hinges;
    const own = all.length - 1;
    for (const other of part.parts ?? []) add(other, own);
  };
  for (const part of limbs) add(part, 0);
  return all;
}

/** The number of a bone. */
export function boneOf(name: string): number {
  return bones.findIndex((bone) => bone.name === name);
}

/** Hands and feet: a place in a bone. */
export const ends: readonly { readonly bone: number; readonly at: Place }[] = (["right", "left"] as const).flatMap(
  (side) => [{ bone: boneOf(`${side}_ankle`), at: [0, 0, 0] }, { bone: boneOf(`${side}_elbow`), at: hand }],
);
