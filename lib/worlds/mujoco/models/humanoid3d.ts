/**
 * The humanoid of DeepMimic (Peng, Abbeel, Levine and van de Panne 2018, `humanoid3d`) with motors in place of its springs: 45 kg,
 * 28 motors. Lengths and masses are those that were published with it, in metres and kilograms, here with z up and x forward.
 */

import { childClass, leftClass } from "./sides.ts";
/** Three numbers, metres. */
export type Place = readonly [x: number, y: number, z: number];

/** A joint that turns about one or three axes. */
interface Joint {
  /** Ranges about x, y and z in radians; or about -y alone, by which knees bend backward and elbows forward. */
  readonly ranges: readonly string[];
  readonly gear: number;
}

/** A shape, as MuJoCo describes it. */
interface Geom {
  readonly type: "sphere" | "capsule" | "box";
  /** Kilograms. */
  readonly mass: number;
  /** A radius; a radius and half a length along z; or half of the sides. */
  readonly size: readonly number[];
  readonly at: Place;
}

/** A part of the body, with those that hang on it. */
export interface Part {
  readonly name: string;
  /** In the part that it hangs on. */
  readonly at: Place;
  readonly joint: Joint;
  readonly geoms: readonly Geom[];
  readonly parts?: readonly Part[];
}

const three = (gear: number, ...ranges: readonly string[]): Joint => ({ ranges, gear });
const bend = (gear: number, range: string): Joint => ({ ranges: [range], gear });

const sphere = (mass: number, radius: number, at: Place): Geom => ({ type: "sphere", mass, size: [radius], at });
const capsule = (mass: number, radius: number, half: number, z: number): Geom => ({
  type: "capsule",
  mass,
  size: [radius, half],
  at: [0, 0, z],
});
const foot: Geom = { type: "box", mass: 1, size: [0.0885, 0.045, 0.0275], at: [0.045, 0, -0.0225] };

/** Lengths of a leg, metres: how far the hip is from the middle, the thigh, the shank; in the foot heel, toe and sole from the ankle. */
export const legSizes = {
  hip: 0.084887,
  thigh: 0.421546,
  shank: 0.40987,
  heel: foot.at[0] - foot.size[0]!,
  toe: foot.at[0] + foot.size[0]!,
  sole: foot.at[2] - foot.size[2]!,
} as const;

function leg(side: "right" | "left", y: 1 | -1): Part {
  return {
    name: `${side}_hip`,
    at: [0, legSizes.hip * y, 0],
    joint: three(200, "-1.2 1.2", "-2.57 1.57", "-1 1"),
    geoms: [capsule(4.5, 0.055, 0.15, -0.21)],
    parts: [{
      name: `${side}_knee`,
      at: [0, 0, -legSizes.thigh],
      joint: bend(150, "-3.14 0"),
      geoms: [capsule(3, 0.05, 0.155, -0.2)],
      parts: [{
        name: `${side}_ankle`,
        at: [0, 0, -legSizes.shank],
        joint: three(90, "-1 1", "-1 1.57", "-1 1"),
        geoms: [foot],
      }],
    }],
  };
}

/** Where the hand is in the forearm that it is fixed to. */
export const hand: Place = [0, 0, -0.258947];

function arm(side: "right" | "left", y: 1 | -1): Part {
  return {
    name: `${side}_shoulder`,
    at: [-0.02405, 0.18311 * y, 0.2435],
    // The arm is lifted away from the body.
    joint: three(100, y < 0 ? "-3.14 0.5" : "-0.5 3.14", "-3.14 0.7", "-1.5 1.5"),
    geoms: [capsule(1.5, 0.045, 0.09, -0.14)],
    parts: [{
      name: `${side}_elbow`,
      at: [0, 0, -0.274788],
      joint: bend(60, "0 2.8"),
      geoms: [capsule(1, 0.04, 0.0675, -0.12), sphere(0.5, 0.04, hand)],
    }],
  };
}

const legs = [leg("right", -1), leg("left", 1)];
const arms = [arm("right", -1), arm("left", 1)];

const neck: Part = {
  name: "neck",
  at: [0, 0, 0.223894],
  joint: three(50, "-1 1", "-1 1", "-1 1"),
  geoms: [sphere(2, 0.1025, [0, 0, 0.175])],
};

const chest: Part = {
  name: "chest",
  at: [0, 0, 0.236151],
  joint: three(200, "-1.2 1.2", "-1.2 1.2", "-1.2 1.2"),
  geoms: [sphere(14, 0.11, [0, 0, 0.12])],
  parts: [neck, ...arms],
};

/** The hinges of a part, with the axes that they turn about. */
function hinges({ name, joint: { ranges } }: Part): { name: string; axis: string; range: string }[] {
  if (ranges.length === 1) return [{ name, axis: "0 -1 0", range: ranges[0]! }];
  const axes = ["1 0 0", "0 1 0", "0 0 1"];
  return ranges.map((range, i) => ({ name: `${name}_${"xyz"[i]}`, axis: axes[i]!, range }));
}

function geom({ type, mass, size, at }: Geom): string {
  return `<geom type="${type}" mass="${mass}" size="${size.join(" ")}" pos="${at.join(" ")}"/>`;
}

function body(part: Part): string {
  const joints = hinges(part).map(({ name, axis, range }) => `<joint name="${name}" axis="${axis}" range="${range}"/>`);
  return `
      <body name="${part.name}" pos="${part.at.join(" ")}"${childClass(part.name.startsWith("left"))}>
        ${[...joints, ...part.geoms.map(geom)].join("\n        ")}${(part.parts ?? []).map(body).join("")}
      </body>`;
}

/** What is written for the actuator of a hinge. */
type Actuator = (name: string, gear: number) => string;

const torque: Actuator = (name, gear) => `<motor name="${name}" joint="${name}" gear="${gear}"/>`;

/**
 * It pulls a joint to an angle, with DeepMimic's stiffness and a tenth of it as damping, and a torque of at most the gear: what the
 * motor of a torque would have at 1.
 */
const target: Actuator = (name, gear) => {
  const stiffness = stiffnesses[name.replace(/^(right|left)_/, "").replace(/_[xyz]$/, "")]!;
  return `<general name="${name}" joint="${name}" biastype="affine" gainprm="${stiffness}" ` +
    `biasprm="0 ${-stiffness} ${-stiffness / 10}" forcelimited="true" forcerange="${-gear} ${gear}"/>`;
};

/** Newton metres a radian (Peng et al. 2018, the controller of the published `humanoid3d`). */
const stiffnesses: Readonly<Record<string, number>> = {
  chest: 1000,
  neck: 100,
  hip: 500,
  knee: 500,
  ankle: 400,
  shoulder: 400,
  elbow: 300,
};

function* actuators(part: Part, write: Actuator): Generator<string> {
  for (const { name } of hinges(part)) yield write(name, part.joint.gear);
  for (const other of part.parts ?? []) yield* actuators(other, write);
}

/** What the parts of the body hang on: the shapes of its root. */
export const pelvis: readonly Geom[] = [sphere(6, 0.09, [0, 0, 0.07])];

/** The parts that hang on the root, in the order of the model. */
export const limbs: readonly Part[] = [chest, ...legs];

/** Where the hips are when it stands: above both parts of a leg and the foot. */
export const standing: number = 0.421546 + 0.40987 + 0.0225 + 0.0275;

function modelOf(write: Actuator, option: string): string {
  return `
<mujoco model="humanoid3d">
  <compiler angle="radian"/>
  <option ${option}/>
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
      ${pelvis.map(geom).join("")}${limbs.map(body).join("")}
    </body>
  </worldbody>
  <actuator>
    ${limbs.flatMap((part) => [...actuators(part, write)]).join("\n    ")}
  </actuator>
</mujoco>`;
}

/** MJCF; a motor is told its share of a torque. */
export const humanoid3d: string = modelOf(torque, 'integrator="RK4" timestep="0.0166"');

/** MJCF; a motor is told the angle that its joint is pulled to. */
export const humanoid3dTargets: string = modelOf(target, 'integrator="RK4" timestep="0.0166"');
