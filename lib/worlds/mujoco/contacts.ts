/** The contacts of a state of MuJoCo, one after the other. */

import type { MainModule, MjData, MjModel } from "./engine.ts";

/** One contact: where it is, metres, and the force on the second geom, newtons; on the first it is the opposite. */
export interface Contact {
  readonly geoms: readonly [first: number, second: number];
  readonly at: readonly [x: number, y: number, z: number];
  readonly force: readonly [x: number, y: number, z: number];
}

/** All contacts, with the forces of the last step. */
export function contactsOf(mujoco: MainModule, model: MjModel, data: MjData): Contact[] {
  if (data.ncon === 0) return [];
  // The list and each of its elements are copies, and nothing in WebAssembly is collected.
  const list = data.contact;
  const numbers = new mujoco.DoubleBuffer(6);
  try {
    return Array.from({ length: data.ncon }, (_, i) => {
      const contact = list.get(i)!;
      mujoco.mj_contactForce(model, data, i, numbers);
      const [normal, one, other] = numbers.GetView() as Float64Array;
      const frame = contact.frame as Float64Array;
      const along = (axis: number): number =>
        normal! * frame[axis]! + one! * frame[3 + axis]! + other! * frame[6 + axis]!;
      const [x, y, z] = contact.pos as Float64Array;
      const { geom1, geom2 } = contact;
      contact.delete();
      return { geoms: [geom1, geom2], at: [x!, y!, z!], force: [along(0), along(1), along(2)] };
    });
  } finally {
    numbers.delete();
    list.delete();
  }
}
