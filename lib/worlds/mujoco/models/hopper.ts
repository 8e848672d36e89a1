/**
 * One leg that hops in a plane (Erez, Tassa and Todorov 2012), with the sizes of Gymnasium's Hopper-v5. Parts lie where the
 * differences of heights put them, to the last digit.
 */

import { lying, slideAndPitch } from "./plane.ts";

/** Heights of the joints over the ground, metres. */
const top = 1.45;
const middle = 1.25;
const hip = 1.05;
const knee = 0.6;
const ankle = 0.1;

/** MJCF. */
export const hopper: string = `
<mujoco model="hopper">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option integrator="RK4" timestep="0.002"/>
  <size memory="512K"/>
  <default>
    <joint armature="1" damping="1" limited="true"/>
    <geom contype="1" conaffinity="1" condim="1" margin="0.001" solref=".02 1" solimp=".8 .8 .01"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="20 20 .125" conaffinity="1" condim="3"/>
    <body name="torso" pos="0 0 ${middle}">
      ${slideAndPitch(middle)}
      <geom name="torso" type="capsule" size="0.05 ${(top - hip) / 2}" friction="0.9"/>
      <body name="thigh" pos="0 0 ${hip - middle}">
        <joint name="thigh" type="hinge" axis="0 -1 0" range="-150 0"/>
        <geom name="thigh" type="capsule" size="0.05 ${(hip - knee) / 2}" pos="0 0 ${
  (hip + knee) / 2 - hip
}" friction="0.9"/>
        <body name="leg" pos="0 0 ${(knee + ankle) / 2 - hip}">
          <joint name="leg" type="hinge" axis="0 -1 0" pos="0 0 0.25" range="-150 0"/>
          <geom name="leg" type="capsule" size="0.04 0.25" friction="0.9"/>
          <body name="foot" pos="0.13 0 -0.35">
            <joint name="foot" type="hinge" axis="0 -1 0" pos="-0.13 0 0.1" range="-45 45"/>
            <geom name="foot" type="capsule" size="0.06 0.195" pos="-0.065 0 0.1" quat="${lying}" friction="2"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="thigh" gear="200" ctrllimited="true" ctrlrange="-1 1"/>
    <motor joint="leg" gear="200" ctrllimited="true" ctrlrange="-1 1"/>
    <motor joint="foot" gear="200" ctrllimited="true" ctrlrange="-1 1"/>
  </actuator>
</mujoco>`;
