/** Four legs around a ball (Schulman, Moritz, Levine, Jordan and Abbeel 2016), with the sizes of Gymnasium's Ant-v5. */

/** A leg: the quadrant it stands in, the axis of its ankle and the way in which that bends, degrees. */
interface Leg {
  readonly x: 1 | -1;
  readonly y: 1 | -1;
  readonly ankle: string;
  readonly bends: string;
}

const legs: readonly Leg[] = [
  { x: 1, y: 1, ankle: "-1 1 0", bends: "30 70" },
  { x: -1, y: 1, ankle: "1 1 0", bends: "-70 -30" },
  { x: -1, y: -1, ankle: "-1 1 0", bends: "-70 -30" },
  { x: 1, y: -1, ankle: "1 1 0", bends: "30 70" },
];

function legOf({ x, y, ankle, bends }: Leg, i: number): string {
  const at = (size: number): string => `${size * x} ${size * y} 0`;
  return `
      <body name="leg_${i + 1}">
        <geom type="capsule" size="0.08" fromto="0 0 0 ${at(0.2)}"/>
        <body name="aux_${i + 1}" pos="${at(0.2)}">
          <joint name="hip_${i + 1}" type="hinge" axis="0 0 1" range="-30 30"/>
          <geom type="capsule" size="0.08" fromto="0 0 0 ${at(0.2)}"/>
          <body name="foot_${i + 1}" pos="${at(0.2)}">
            <joint name="ankle_${i + 1}" type="hinge" axis="${ankle}" range="${bends}"/>
            <geom type="capsule" size="0.08" fromto="0 0 0 ${at(0.4)}"/>
          </body>
        </body>
      </body>`;
}

/** The motors, in the order that was published with it. */
const motors = [4, 1, 2, 3].flatMap((i) => [`hip_${i}`, `ankle_${i}`]);

/** MJCF. */
export const ant: string = `
<mujoco model="ant">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option integrator="RK4" timestep="0.01"/>
  <size memory="512K"/>
  <default>
    <joint armature="1" damping="1" limited="true"/>
    <geom contype="1" conaffinity="0" condim="3" density="5" friction="1 .5 .5" margin="0.01"/>
    <motor gear="150" ctrllimited="true" ctrlrange="-1 1"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40" conaffinity="1"/>
    <body name="torso" pos="0 0 0.75">
      <geom name="torso" type="sphere" size="0.25"/>
      <joint name="root" type="free" armature="0" damping="0" limited="false" margin="0.01"/>${legs.map(legOf).join("")}
    </body>
  </worldbody>
  <actuator>
    ${motors.map((joint) => `<motor joint="${joint}"/>`).join("\n    ")}
  </actuator>
</mujoco>`;
