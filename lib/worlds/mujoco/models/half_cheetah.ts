/**
 * Half of a cheetah, one leg behind and one in front, in a plane (Wawrzynski 2009), with the sizes of Gymnasium's HalfCheetah-v5.
 */

import { slideAndPitch } from "./plane.ts";

/** A part of a leg: its place under the part above, its joint, its capsule, and what its motor is worth. */
interface Part {
  readonly name: string;
  readonly at: string;
  readonly joint: string;
  readonly geom: string;
  readonly gear: number;
}

const behind: readonly Part[] = [
  {
    name: "bthigh",
    at: "-.5 0 0",
    joint: 'range="-.52 1.05" damping="6" stiffness="240"',
    geom: 'size="0.046 .145" pos=".1 0 -.13" axisangle="0 1 0 -3.8"',
    gear: 120,
  },
  {
    name: "bshin",
    at: ".16 0 -.25",
    joint: 'range="-.785 .785" damping="4.5" stiffness="180"',
    geom: 'size="0.046 .15" pos="-.14 0 -.07" axisangle="0 1 0 -2.03"',
    gear: 90,
  },
  {
    name: "bfoot",
    at: "-.28 0 -.14",
    joint: 'range="-.4 .785" damping="3" stiffness="120"',
    geom: 'size="0.046 .094" pos=".03 0 -.097" axisangle="0 1 0 -.27"',
    gear: 60,
  },
];

const inFront: readonly Part[] = [
  {
    name: "fthigh",
    at: ".5 0 0",
    joint: 'range="-1 .7" damping="4.5" stiffness="180"',
    geom: 'size="0.046 .133" pos="-.07 0 -.12" axisangle="0 1 0 .52"',
    gear: 120,
  },
  {
    name: "fshin",
    at: "-.14 0 -.24",
    joint: 'range="-1.2 .87" damping="3" stiffness="120"',
    geom: 'size="0.046 .106" pos=".065 0 -.09" axisangle="0 1 0 -.6"',
    gear: 60,
  },
  {
    name: "ffoot",
    at: ".13 0 -.18",
    joint: 'range="-.5 .5" damping="1.5" stiffness="60"',
    geom: 'size="0.046 .07" pos=".045 0 -.07" axisangle="0 1 0 -.6"',
    gear: 30,
  },
];

/** A leg from its first part down. */
function leg([part, ...below]: readonly Part[]): string {
  if (!part) return "";
  return `
      <body name="${part.name}" pos="${part.at}">
        <joint name="${part.name}" type="hinge" axis="0 1 0" ${part.joint}/>
        <geom name="${part.name}" ${part.geom}/>${leg(below)}
      </body>`;
}

const motors = [...behind, ...inFront].map(({ name, gear }) => `<motor joint="${name}" gear="${gear}"/>`);

/** MJCF. */
export const halfCheetah: string = `
<mujoco model="half_cheetah">
  <compiler angle="radian" inertiafromgeom="true" settotalmass="14"/>
  <option gravity="0 0 -9.81" timestep="0.01"/>
  <size memory="512K"/>
  <default>
    <joint armature=".1" damping=".01" stiffness="8" limited="true" solreflimit=".02 1" solimplimit="0 .8 .03"/>
    <geom type="capsule" contype="1" conaffinity="0" condim="3" friction=".4 .1 .1" solref=".02 1" solimp="0 .8 .01"/>
    <motor ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1"/>
    <body name="torso" pos="0 0 .7">
      ${slideAndPitch(0)}
      <geom name="torso" size="0.046" fromto="-.5 0 0 .5 0 0"/>
      <geom name="head" size="0.046 .15" pos=".6 0 .1" axisangle="0 1 0 .87"/>${leg(behind)}${leg(inFront)}
    </body>
  </worldbody>
  <actuator>
    ${motors.join("\n    ")}
  </actuator>
</mujoco>`;
