/** What bodies that move in the plane of x and z have in common. */

/** Joints that let a body slide along x and z and turn about y, without a force; `height` is its own where z is 0. */
export function slideAndPitch(height: number): string {
  const free = 'armature="0" damping="0" stiffness="0" limited="false"';
  return `<joint name="rootx" type="slide" axis="1 0 0" pos="0 0 ${-height}" ${free}/>
      <joint name="rootz" type="slide" axis="0 0 1" pos="0 0 ${-height}" ref="${height}" ${free}/>
      <joint name="rooty" type="hinge" axis="0 1 0" ${free}/>`;
}

/** A quarter turn about y, by which a capsule lies along x; with the last digits of the bodies as they were published. */
export const lying = "0.7071067811865476 0 -0.7071067811865475 0";
