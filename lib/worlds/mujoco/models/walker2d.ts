/**
 * Two legs that walk in a plane (Erez, Tassa and Todorov 2012), with the sizes of Gymnasium's Walker2d-v5: the right leg is that of
 * the hopper with another foot, the left leg is its copy.
 */

import { lying, slideAndPitch } from "./plane.ts";
import { childClass, leftClass } from "./sides.ts";

/** Heights of the joints over the ground, metres; parts lie where their differences put them, to the last digit. */
const top = 1.45;
const middle = 1.25;
const hip = 1.05;
const knee = 0.6;
const ankle = 0.1;

const joint = 'type="hinge" axis="0 -1 0"';

/** A leg; the names of its parts end in `side`. */
function leg(side: string): string {
  return `
      <body name="thigh${side}" pos="0 0 ${hip - middle}"${childClass(side !== "")}>
        <joint name="thigh${side}" ${joint} range="-150 0"/>
        <geom name="thigh${side}" size="0.05 ${(hip - knee) / 2}" pos="0 0 ${(hip + knee) / 2 - hip}"/>
        <body name="leg${side}" pos="0 0 ${(knee + ankle) / 2 - hip}">
          <joint name="leg${side}" ${joint} pos="0 0 0.25" range="-150 0"/>
          <geom name="leg${side}" size="0.04 0.25"/>
          <body name="foot${side}" pos="0.2 0 -0.35">
            <joint name="foot${side}" ${joint} pos="-0.2 0 0.1" range="-45 45"/>
            <geom name="foot${side}" size="0.06 0.1" pos="-0.1 0 0.1" quat="${lying}" friction="1.9 .1 .1"/>
          </body>
        </body>
      </body>`;
}

const motors = ["", "_left"].flatMap((side) => ["thigh", "leg", "foot"].map((part) => part + side));

/** MJCF. */
export const walker2d: string = `
<mujoco model="walker2d">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option integrator="RK4" timestep="0.002"/>
  <size memory="512K"/>
  <default>
    <joint armature="0.01" damping=".1" limited="true"/>
    <geom type="capsule" contype="1" conaffinity="0" condim="3" density="1000" friction=".9 .1 .1"/>
    ${leftClass}
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1" friction=".7 .1 .1"/>
    <body name="torso" pos="0 0 ${middle}">
      ${slideAndPitch(middle)}
      <geom name="torso" size="0.05 ${(top - hip) / 2}"/>${leg("")}${leg("_left")}
    </body>
  </worldbody>
  <actuator>
    ${motors.map((x) => `<motor joint="${x}" gear="100" ctrllimited="true" ctrlrange="-1 1"/>`).join("\n    ")}
  </actuator>
</mujoco>`;
