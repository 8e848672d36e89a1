/**
 * MB: the multi-body model of 29 states. A sprung mass rolls, pitches and heaves on two axles, which roll and heave on their own
 * between springs and four tyres. Its state, in this order:
 *
 *  0 x, 1 y, 2 steering angle, 3 speed along the car, 4 heading, 5 yaw rate,
 *  6 roll, 7 roll rate, 8 pitch, 9 pitch rate, 10 speed across the car, 11 height (0 in balance, downwards), 12 its rate,
 *  13 to 17 front axle: roll, roll rate, speed across, height, its rate; 18 to 22 the rear axle,
 *  23 to 26 angular speeds of the wheels: left front, right front, left rear, right rear,
 *  27, 28 how far the joints of the front and rear axle are moved across.
 */

import { where } from "../../../tensor/functions.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { axleTorques } from "./drift.ts";
import { rolling } from "./kinematic.ts";
import { beside, dynamicShare, gravity, type Law, mixed, type Moment } from "./law.ts";
import { acceleration, steeringRate } from "./limits.ts";
import { type TyreForces, tyreForces } from "./tyre.ts";

type Pair = readonly [left: Tensor, right: Tensor];

/** The sprung mass. */
interface Body {
  readonly along: Tensor;
  readonly across: Tensor;
  readonly yawRate: Tensor;
  readonly roll: Tensor;
  readonly rollRate: Tensor;
  readonly pitch: Tensor;
  readonly pitchRate: Tensor;
  readonly height: Tensor;
  readonly heightRate: Tensor;
}

/** An axle: its state, and what the tables say of it. */
interface Axle {
  readonly roll: Tensor;
  readonly rollRate: Tensor;
  readonly across: Tensor;
  readonly height: Tensor;
  readonly heightRate: Tensor;
  readonly joint: Tensor;
  /** Of its wheels; null where they are not steered. */
  readonly angle: Tensor | null;
  /** From the centre of gravity, positive to the front. */
  readonly arm: Tensor;
  readonly track: Tensor;
  readonly spring: Tensor;
  readonly damper: Tensor;
  readonly torsion: Tensor;
  readonly rollHeight: Tensor;
  readonly camber: Tensor;
  readonly camberSquare: Tensor;
  readonly mass: Tensor;
  readonly inertia: Tensor;
  /** What each of its springs carries at rest. */
  readonly rest: Tensor;
}

/** How the wheels of an axle touch the road. */
interface Wheels {
  readonly load: Pair;
  readonly camber: Pair;
  /** How fast the road goes by, in the direction of the wheel and in that of the car. */
  readonly rolls: Pair;
  readonly passes: Pair;
  /** How fast it goes by across the axle. */
  readonly sideways: Tensor;
}

/** Between axle and sprung mass, newtons. */
interface Suspension {
  readonly springs: Pair;
  readonly joint: Tensor;
}

/** MB: see the file's first lines. */
export function multiBody(moment: Moment): readonly Tensor[] {
  const { p, limits, x, asked } = moment;
  const at = (i: number): Tensor => x[i]!;
  const [angle, heading] = [at(2), at(4)];
  const body: Body = {
    ...{ along: at(3), yawRate: at(5), roll: at(6), rollRate: at(7), pitch: at(8), pitchRate: at(9) },
    ...{ across: at(10), height: at(11), heightRate: at(12) },
  };
  const turning = steeringRate(p, limits, angle, asked[0]);
  const pushing = acceleration(p, limits, body.along, asked[1]);
  const axles = [frontAxle(p, x, angle), rearAxle(p, x)] as const;
  const touching = axles.map((axle) => wheelsOf(p, body, axle));
  const wheels = beside([at(23), at(24), at(25), at(26)]);
  const tyres = forcesOf(moment, body.along, axles, touching, wheels);
  const sums = axles.map((axle, i) =>
    sumsOf(p, body, axle, suspensionOf(p, body, axle), touching[i]!, pairOf(tyres, 2 * i))
  ) as [Sums, Sums];

  const slow = rolling(p, angle, body.along, turning, pushing);
  const share = dynamicShare(moment, body.along);
  const [cos, sin] = [heading.cos(), heading.sin()];
  const slowCourse = heading.add(angle.tan().mul(p.rearAxle.div(p.frontAxle.add(p.rearAxle))).atan());
  const whole = wholeBody(p, body, sums);
  return [
    mixed(share, body.along.mul(cos).sub(body.across.mul(sin)), body.along.mul(slowCourse.cos())),
    mixed(share, body.along.mul(sin).add(body.across.mul(cos)), body.along.mul(slowCourse.sin())),
    turning,
    mixed(share, whole.along, pushing),
    mixed(share, body.yawRate, slow.yawRate),
    mixed(share, whole.yaw, slow.yawAcceleration),
    ...[body.rollRate, whole.roll, body.pitchRate, whole.pitch, whole.across, body.heightRate, whole.height],
    ...axles.flatMap((axle, i) => [
      ...[axle.rollRate, sums[i]!.axleRoll.div(axle.inertia)],
      sums[i]!.axleAcross.div(axle.mass).sub(body.yawRate.mul(body.along)),
      ...[axle.heightRate, sums[i]!.axleDown.div(axle.mass).neg().add(gravity)],
    ]),
    ...wheelRates(p, pushing, wheels, tyres.along).split(1, 1),
    ...axles.map((axle) => jointRate(body, axle)),
  ];
}

/** What the columns of an axle's state are called, from the first. */
function axleState(x: readonly Tensor[], from: number, joint: number) {
  const [roll, rollRate, across, height, heightRate] = x.slice(from, from + 5) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  return { roll, rollRate, across, height, heightRate, joint: x[joint]! };
}

/** What each spring carries at rest of an axle that is `other` away from the centre of gravity on the other side. */
function restOf(p: Law, other: Tensor): Tensor {
  return p.sprungMass.mul(gravity).mul(other).div(p.frontAxle.add(p.rearAxle).mul(2));
}

function frontAxle(p: Law, x: readonly Tensor[], angle: Tensor): Axle {
  return {
    ...axleState(x, 13, 27),
    ...{ angle, arm: p.frontAxle, track: p.frontTrack, spring: p.frontSpring, damper: p.frontDamper },
    ...{
      torsion: p.frontTorsion,
      rollHeight: p.frontRollHeight,
      camber: p.frontCamber,
      camberSquare: p.frontCamberSquare,
    },
    ...{ mass: p.frontUnsprungMass, inertia: p.frontUnsprungInertia, rest: restOf(p, p.rearAxle) },
  };
}

function rearAxle(p: Law, x: readonly Tensor[]): Axle {
  return {
    ...axleState(x, 18, 28),
    ...{ angle: null, arm: p.rearAxle.neg(), track: p.rearTrack, spring: p.rearSpring, damper: p.rearDamper },
    ...{ torsion: p.rearTorsion, rollHeight: p.rearRollHeight, camber: p.rearCamber, camberSquare: p.rearCamberSquare },
    ...{ mass: p.rearUnsprungMass, inertia: p.rearUnsprungInertia, rest: restOf(p, p.frontAxle) },
  };
}

/** What is `add`ed on the left is taken away on the right. */
function sides(middle: Tensor, add: Tensor): Pair {
  return [middle.add(add), middle.sub(add)];
}

/** How far each spring is pressed. */
function travel(p: Law, body: Body, axle: Axle): Pair {
  const tall = p.height.sub(p.wheelRadius);
  const middle = tall.add(axle.height).sub(body.height).div(body.roll.cos()).sub(tall).add(axle.arm.mul(body.pitch));
  return sides(middle, body.roll.sub(axle.roll).mul(axle.track).mul(0.5));
}

function wheelsOf(p: Law, body: Body, axle: Axle): Wheels {
  const half = axle.track.mul(0.5);
  const [left, right] = travel(p, body, axle);
  const bent = (z: Tensor): Tensor => axle.camber.mul(z).add(axle.camberSquare.mul(z.square()));
  const sunk = axle.height.add(p.wheelRadius.mul(axle.roll.cos().sub(1)));
  const [leftLoad, rightLoad] = sides(sunk, half.mul(axle.roll.sin()).neg());
  const passes = sides(body.along, half.mul(body.yawRate));
  const across = body.across.add(axle.arm.mul(body.yawRate));
  const rolls = axle.angle === null
    ? passes
    : passes.map((along) => along.mul(axle.angle!.cos()).add(across.mul(axle.angle!.sin()))) as unknown as Pair;
  return {
    load: [leftLoad.mul(p.tyreSpring), rightLoad.mul(p.tyreSpring)],
    camber: [body.roll.add(bent(left)), body.roll.sub(bent(right))],
    rolls,
    passes,
    sideways: across.sub(axle.rollRate.mul(p.wheelRadius.sub(axle.height))),
  };
}

/** The forces of all four tyres, [env, 4]. */
function forcesOf(
  moment: Moment,
  speed: Tensor,
  axles: readonly Axle[],
  touching: readonly Wheels[],
  wheels: Tensor,
): TyreForces {
  const { p } = moment;
  // Slow tyres do not slip: what divides by their speed is far from 0, and its derivative with it.
  const least = moment.switchSpeed / 2;
  const moves = speed.greater(least);
  const of = (part: (wheels: Wheels) => Pair): Tensor => beside(touching.flatMap(part));
  const angles = touching.map(({ sideways, passes }, i) =>
    passes.map((along) => {
      const course = sideways.div(along.maximum(least)).atan();
      const { angle } = axles[i]!;
      return angle === null ? course : course.sub(angle);
    }) as unknown as Pair
  );
  const slip = wheels.mul(p.wheelRadius).div(of(({ rolls }) => rolls).maximum(least)).neg().add(1);
  return tyreForces(p, {
    slip: where(moves, slip, 0),
    angle: where(moves, beside(angles.flat()), 0),
    camber: of(({ camber }) => camber),
    load: of(({ load }) => load),
  });
}

interface PairForces {
  readonly along: Pair;
  readonly across: Pair;
}

/** The two tyres from column `from` on. */
function pairOf({ along, across }: TyreForces, from: number): PairForces {
  const two = (x: Tensor): Pair => x.slice(1, from, from + 2).split(1, 1) as unknown as Pair;
  return { along: two(along), across: two(across) };
}

function suspensionOf(p: Law, body: Body, axle: Axle): Suspension {
  const [left, right] = travel(p, body, axle);
  const middle = axle.heightRate.sub(body.heightRate).add(axle.arm.mul(body.pitchRate));
  const [leftRate, rightRate] = sides(middle, body.rollRate.sub(axle.rollRate).mul(axle.track).mul(0.5));
  const twist = body.roll.sub(axle.roll);
  const torsion = twist.mul(axle.torsion).div(axle.track);
  const pressed = (z: Tensor, rate: Tensor): Tensor => axle.rest.sub(z.mul(axle.spring)).sub(rate.mul(axle.damper));

  const [cos, sin] = [body.roll.cos(), body.roll.sin()];
  const tall = p.height.sub(p.wheelRadius).add(axle.height).sub(body.height);
  const hinge = axle.rollHeight.sub(p.wheelRadius);
  const off = tall.mul(sin).sub(axle.joint.mul(cos)).sub(hinge.mul(twist.sin()));
  const offRate = tall.mul(cos).add(axle.joint.mul(sin)).mul(body.rollRate)
    .add(axle.heightRate.sub(body.heightRate).mul(sin))
    .sub(jointRate(body, axle).mul(cos))
    .sub(hinge.mul(twist.cos()).mul(body.rollRate.sub(axle.rollRate)));
  return {
    springs: [pressed(left, leftRate).add(torsion), pressed(right, rightRate).sub(torsion)],
    joint: off.mul(p.jointSpring).add(offRate.mul(p.jointDamper)),
  };
}

function jointRate(body: Body, axle: Axle): Tensor {
  return body.across.add(axle.arm.mul(body.yawRate)).sub(axle.across);
}

/** What an axle does to the sprung mass, and what is done to it: newtons and newton metres. */
interface Sums {
  /** Of the tyres, along the car, and about its vertical axis. */
  readonly along: Tensor;
  readonly yaw: Tensor;
  /** On the sprung mass: across, up, about the roll axis, about the pitch axis. */
  readonly across: Tensor;
  readonly up: Tensor;
  readonly roll: Tensor;
  readonly pitch: Tensor;
  /** On the axle: about the roll axis, across, and its lift. */
  readonly axleRoll: Tensor;
  readonly axleAcross: Tensor;
  readonly axleDown: Tensor;
}

function sumsOf(p: Law, body: Body, axle: Axle, suspension: Suspension, wheels: Wheels, tyres: PairForces): Sums {
  const { angle } = axle;
  const turned = (i: 0 | 1): Pair => {
    const [along, across] = [tyres.along[i], tyres.across[i]];
    if (angle === null) return [along, across];
    const [cos, sin] = [angle.cos(), angle.sin()];
    return [along.mul(cos).sub(across.mul(sin)), across.mul(cos).add(along.mul(sin))];
  };
  const [[leftAlong, leftAcross], [rightAlong, rightAcross]] = [turned(0), turned(1)];
  const [along, across] = [leftAlong.add(rightAlong), leftAcross.add(rightAcross)];
  const half = axle.track.mul(0.5);
  const [left, right] = suspension.springs;
  const { joint } = suspension;
  const springs = left.add(right);
  const [cos, sin] = [body.roll.cos(), body.roll.sin()];
  const hinge = axle.rollHeight.sub(p.wheelRadius);
  const lever = p.height.sub(body.height).sub(p.wheelRadius).add(axle.height).sub(hinge.mul(axle.roll.cos()));
  const [lift, width] = [p.wheelRadius.mul(axle.roll.sin()), half.mul(axle.roll.cos())];
  const give = tyres.across.map((force) => force.mul(p.lateralCompliance)) as unknown as Pair;
  const uneven = left.sub(right).mul(half);
  return {
    along,
    yaw: axle.arm.mul(across).add(leftAlong.sub(rightAlong).mul(half)),
    across: joint.mul(cos).add(springs.mul(sin)),
    up: springs.mul(cos).sub(joint.mul(sin)),
    roll: uneven.sub(joint.div(cos).mul(lever)),
    pitch: axle.arm.mul(springs).add(along.mul(p.height.sub(body.height))),
    axleRoll: uneven.neg().sub(joint.mul(hinge))
      .add(wheels.load[0].mul(lift.add(width).sub(give[0])))
      .sub(wheels.load[1].mul(width.sub(lift).add(give[1])))
      .sub(across.mul(p.wheelRadius.sub(axle.height))),
    axleAcross: across.sub(joint.mul(cos)).sub(springs.mul(sin)),
    axleDown: wheels.load[0].add(wheels.load[1]).add(joint.mul(sin)).sub(springs.mul(cos)),
  };
}

/** The accelerations of the sprung mass, by what both axles do. */
function wholeBody(p: Law, body: Body, [front, rear]: readonly [Sums, Sums]) {
  const both = (part: keyof Sums): Tensor => front[part].add(rear[part]);
  const [yaw, roll] = [both("yaw"), both("roll")];
  const coupled = p.rollYawInertia.square();
  return {
    along: both("along").div(p.mass).add(body.yawRate.mul(body.across)),
    yaw: yaw.add(p.rollYawInertia.div(p.rollInertia).mul(roll)).div(p.yawInertia.sub(coupled.div(p.rollInertia))),
    roll: p.rollYawInertia.div(p.yawInertia).mul(yaw).add(roll).div(p.rollInertia.sub(coupled.div(p.yawInertia))),
    pitch: both("pitch").div(p.pitchInertia),
    across: both("across").div(p.sprungMass).sub(body.yawRate.mul(body.along)),
    height: both("up").div(p.sprungMass).neg().add(gravity),
  };
}

/** The angular accelerations of the wheels, [env, 4]; none spins backwards. */
function wheelRates(p: Law, pushing: Tensor, wheels: Tensor, along: Tensor): Tensor {
  const [front, rear] = axleTorques(p, pushing).mul(0.5).split(1, 1) as [Tensor, Tensor];
  const drive = beside([front, front, rear, rear]);
  return where(wheels.greaterEqual(0), drive.sub(along.mul(p.wheelRadius)).div(p.wheelInertia), 0);
}
