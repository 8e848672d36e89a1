/**
 * The humanoid of DeepMimic (Peng, Abbeel, Levine and van de Panne 2018, `humanoid3d`) with motors in place of its springs: 45 kg,
 * 28 motors. Lengths and masses are those that were published with it, in metres and kilograms, here with z up and x forward.
 */

import { childClass, leftClass } from "./sides.ts";

/** A joint that turns about one or three axes. */
interface Joint {
  /** Ranges about x, y and z in radians; or about -y alone, by which knees bend backward and elbows forward. */
  readonly ranges: readonly string[];
  readonly gear: number;
}

/** A part of the body, with those that hang on it. */
interface Part {
  readonly name: string;
  readonly at: string;
  readonly joint: Joint;
  /** The shapes, with their masses. */
  readonly geoms: readonly string[];
  readonly parts?: readonly Part[];
}

const three = (gear: number, ...ranges: readonly string[]): Joint => ({ ranges, gear });
const bend = (gear: number, range: string): Joint => ({ ranges: [range], gear });

const sphere = (mass: number, radius: number, at: string): string =>
  `<geom type="sphere" mass="${mass}" size="${radius}" pos="${at}"/>`;
const capsule = (mass: number, radius: number, half: number, z: number): string =>
  `<geom type="capsule" mass="${mass}" size="${radius} ${half}" pos="0 0 ${z}"/>`;

function leg(side: "right" | "left", y: 1 | -1): Part {
  return {
    name: `${side}_hip`,
    at: `0 ${0.084887 * y} 0`,
    joint: three(200, "-1.2 1.2", "-2.57 1.57", "-1 1"),
    geoms: [capsule(4.5, 0.055, 0.15, -0.21)],
    parts: [{
      name: `${side}_knee`,
      at: "0 0 -0.421546",
      joint: bend(150, "-3.14 0"),
      geoms: [capsule(3, 0.05, 0.155, -0.2)],
      parts: [{
        name: `${side}_ankle`,
        at: "0 0 -0.40987",
        joint: three(90, "-1 1", "-1 1.57", "-1 1"),
        geoms: ['<geom type="box" mass="1" size="0.0885 0.045 0.0275" pos="0.045 0 -0.0225"/>'],
      }],
    }],
  };
}

function arm(side: "right" | "left", y: 1 | -1): Part {
  return {
    name: `${side}_shoulder`,
    at: `-0.02405 ${0.18311 * y} 0.2435`,
    // The arm is lifted away from the body.
    joint: three(100, y < 0 ? "-3.14 0.5" : "-0.5 3.14", "-3.14 0.7", "-1.5 1.5"),
    geoms: [capsule(1.5, 0.045, 0.09, -0.14)],
    parts: [{
      name: `${side}_elbow`,
      at: "0 0 -0.274788",
      joint: bend(60, "0 2.8"),
      // The hand is fixed to it.
      geoms: [capsule(1, 0.04, 0.0675, -0.12), sphere(0.5, 0.04, "0 0 -0.258947")],
    }],
  };
}

const legs = [leg("right", -1), leg("left", 1)];
const arms = [arm("right", -1), arm("left", 1)];

const neck: Part = {
  name: "neck",
  at: "0 0 0.223894",
  joint: three(50, "-1 1", "-1 1", "-1 1"),
  geoms: [sphere(2, 0.1025, "0 0 0.175")],
};

const chest: Part = {
  name: "chest",
  at: "0 0 0.236151",
  joint: three(200, "-1.2 1.2", "-1.2 1.2", "-1.2 1.2"),
  geoms: [sphere(14, 0.11, "0 0 0.12")],
  parts: [neck, ...arms],
};

/** The hinges of a part, with the axes that they turn about. */
function hinges({ name, joint: { ranges } }: Part): { name: string; axis: string; range: string }[] {
  if (ranges.length === 1) return [{ name, axis: "0 -1 0", range: ranges[0]! }];
  const axes = ["1 0 0", "0 1 0", "0 0 1"];
  return ranges.map((range, i) => ({ name: `${name}_${"xyz"[i]}`, axis: axes[i]!, range }));
}

function body(part: Part): string {
  const joints = hinges(part).map(({ name, axis, range }) => `<joint name="${name}" axis="${axis}" range="${range}"/>`);
  return `
      <body name="${part.name}" pos="${part.at}"${childClass(part.name.startsWith("left"))}>
        ${[...joints, ...part.geoms].join("\n        ")}${(part.parts ?? []).map(body).join("")}
      </body>`;
}

function* motors(part: Part): Generator<string> {
  for (const { name } of hinges(part)) yield `<motor name="${name}" joint="${name}" gear="${part.joint.gear}"/>`;
  for (const other of part.parts ?? []) yield* motors(other);
}

/** Where the hips are when it stands: above both parts of a leg and the foot. */
export const standing: number = 0.421546 + 0.40987 + 0.0225 + 0.0275;

/** MJCF. */
export const humanoid3d: string = `
<mujoco model="humanoid3d">
  <compiler angle="radian"/>
  <option integrator="RK4" timestep="0.0166"/>
  <size memory="512K"/>
  <default>
    <joint type="hinge" armature="1" damping="1" limited="true"/>
    <geom contype="1" conaffinity="1" condim="1" margin="0.001"/>
    <motor ctrllimited="true" ctrlrange="-0.5 0.5"/>
    ${leftClass}
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 1" condim="3" friction="1 .1 .1"/>
    <body name="root" pos="0 0 ${standing}">
      <joint name="root" type="free" armature="0" damping="0" limited="false"/>
      ${sphere(6, 0.09, "0 0 0.07")}${[chest, ...legs].map(body).join("")}
    </body>
  </worldbody>
  <actuator>
    ${[chest, ...legs].flatMap((part) => [...motors(part)]).join("\n    ")}
  </actuator>
</mujoco>`;
