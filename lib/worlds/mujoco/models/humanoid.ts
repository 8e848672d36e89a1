/** A body of a torso, two arms and two legs (Tassa, Erez and Todorov 2012), with the sizes of Gymnasium's Humanoid-v5. */

import { childClass, leftClass } from "./sides.ts";

/** What differs between the legs, beside the side: as it was published. */
interface Leg {
  readonly side: "right" | "left";
  /** -1 on the right. */
  readonly y: 1 | -1;
  /** Of the hip's joint that swings the leg forward. */
  readonly armature: string;
  /** Of the knee. */
  readonly stiffness: string;
}

function leg({ side, y, armature, stiffness }: Leg): string {
  const hip = 'type="hinge" damping="5"';
  return `
          <body name="${side}_thigh" pos="0 ${0.1 * y} -0.04"${childClass(y > 0)}>
            <joint name="${side}_hip_x" ${hip} axis="${-y} 0 0" range="-25 5" armature="0.01" stiffness="10"/>
            <joint name="${side}_hip_z" ${hip} axis="0 0 ${-y}" range="-60 35" armature="0.01" stiffness="10"/>
            <joint name="${side}_hip_y" ${hip} axis="0 1 0" range="-110 20" armature="${armature}" stiffness="20"/>
            <geom type="capsule" size="0.06" fromto="0 0 0 0 ${-0.01 * y} -.34"/>
            <body name="${side}_shin" pos="0 ${-0.01 * y} -0.403">
              <joint name="${side}_knee" type="hinge" axis="0 -1 0" pos="0 0 .02" range="-160 -2" armature="0.006" ${stiffness}/>
              <geom type="capsule" size="0.049" fromto="0 0 0 0 0 -.3"/>
              <body name="${side}_foot" pos="0 0 -0.45">
                <geom type="sphere" size="0.075" pos="0 0 0.1"/>
              </body>
            </body>
          </body>`;
}

/** An arm on the right (-1) or left. */
function arm(side: "right" | "left", y: 1 | -1): string {
  const range = y < 0 ? "-85 60" : "-60 85";
  return `
      <body name="${side}_upper_arm" pos="0 ${0.17 * y} 0.06"${childClass(y > 0)}>
        <joint name="${side}_shoulder1" type="hinge" axis="2 ${-y} 1" range="${range}" armature="0.0068" stiffness="1"/>
        <joint name="${side}_shoulder2" type="hinge" axis="0 ${y} 1" range="${range}" armature="0.0051" stiffness="1"/>
        <geom type="capsule" size="0.04" fromto="0 0 0 .16 ${0.16 * y} -.16"/>
        <body name="${side}_lower_arm" pos=".18 ${0.18 * y} -.18">
          <joint name="${side}_elbow" type="hinge" axis="0 -1 ${-y}" range="-90 50" armature="0.0028" stiffness="0"/>
          <geom type="capsule" size="0.031" fromto="0.01 ${-0.01 * y} 0.01 .17 ${-0.17 * y} .17"/>
          <geom type="sphere" size="0.04" pos=".18 ${-0.18 * y} .18"/>
        </body>
      </body>`;
}

/** What each motor turns, and how strong it is. */
const motors: readonly (readonly [joint: string, gear: number])[] = [
  ["abdomen_y", 100],
  ["abdomen_z", 100],
  ["abdomen_x", 100],
  ...["right", "left"].flatMap((side) =>
    [["hip_x", 100], ["hip_z", 100], ["hip_y", 300], ["knee", 200]].map(([joint, gear]) =>
      [`${side}_${joint}`, Number(gear)] as const
    )
  ),
  ...["right", "left"].flatMap((side) =>
    ["shoulder1", "shoulder2", "elbow"].map((joint) => [`${side}_${joint}`, 25] as const)
  ),
];

/** MJCF. */
export const humanoid: string = `
<mujoco model="humanoid">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option integrator="RK4" timestep="0.003" solver="PGS" iterations="50"/>
  <size memory="512K"/>
  <default>
    <joint armature="1" damping="1" limited="true"/>
    <geom contype="1" conaffinity="1" condim="1" margin="0.001"/>
    <motor ctrllimited="true" ctrlrange="-.4 .4"/>
    ${leftClass}
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="20 20 0.125" condim="3" friction="1 .1 .1"/>
    <body name="torso" pos="0 0 1.4">
      <joint name="root" type="free" armature="0" damping="0" stiffness="0" limited="false"/>
      <geom name="chest" type="capsule" size="0.07" fromto="0 -.07 0 0 .07 0"/>
      <geom name="head" type="sphere" size=".09" pos="0 0 .19"/>
      <geom name="upper_waist" type="capsule" size="0.06" fromto="-.01 -.06 -.12 -.01 .06 -.12"/>
      <body name="lower_waist" pos="-.01 0 -0.26" quat="1 0 -0.002 0">
        <geom name="lower_waist" type="capsule" size="0.06" fromto="0 -.06 0 0 .06 0"/>
        <joint name="abdomen_z" type="hinge" axis="0 0 1" pos="0 0 0.065" range="-45 45" armature="0.02" damping="5" stiffness="20"/>
        <joint name="abdomen_y" type="hinge" axis="0 1 0" pos="0 0 0.065" range="-75 30" armature="0.02" damping="5" stiffness="10"/>
        <body name="pelvis" pos="0 0 -0.165" quat="1 0 -0.002 0">
          <joint name="abdomen_x" type="hinge" axis="1 0 0" pos="0 0 0.1" range="-35 35" armature="0.02" damping="5" stiffness="10"/>
          <geom name="butt" type="capsule" size="0.09" fromto="-.02 -.07 0 -.02 .07 0"/>${
  leg({ side: "right", y: -1, armature: "0.008", stiffness: "" })
}${leg({ side: "left", y: 1, armature: "0.01", stiffness: 'stiffness="1"' })}
        </body>
      </body>${arm("right", -1)}${arm("left", 1)}
    </body>
  </worldbody>
  <actuator>
    ${motors.map(([joint, gear]) => `<motor joint="${joint}" gear="${gear}"/>`).join("\n    ")}
  </actuator>
</mujoco>`;
