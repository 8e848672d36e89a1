/**
 * The cars: parameter sets 1 to 3 of CommonRoad (Althoff and Würsching, "CommonRoad: Vehicle Models", 2020, tables 6 and 7), which
 * gives most of them in feet and pounds, and the one of F1TENTH (a tenth of a car: no wheels that spin, no suspension).
 */

import { tyre, type TyreParameters } from "./tyre.ts";

/** What all models know of a car. SI units: metres, kilograms, seconds, radians, newtons. */
export interface BodyParameters {
  /** Of the outline, along. */
  readonly length: number;
  /** Of the outline, across. */
  readonly width: number;
  /** Of all of it. */
  readonly mass: number;
  /** About the vertical axis. */
  readonly yawInertia: number;
  /** From the centre of gravity to the front axle. */
  readonly frontAxle: number;
  /** From the centre of gravity to the rear axle. */
  readonly rearAxle: number;
  /** Of the centre of gravity of the sprung mass above the ground: how much load moves between the axles. */
  readonly height: number;
  /** Cornering stiffness of the single-track model, per radian of slip and per newton of load x friction, of the front axle. */
  readonly frontStiffness: number;
  /** The same of the rear axle. */
  readonly rearStiffness: number;
  /** The largest force of a tyre across, as a share of its load. */
  readonly friction: number;
  /** Of the road: 1 is that of the tables; it multiplies the friction of all tyres. */
  readonly grip: number;
  /** The steering angle of the front wheels goes from -steering to steering. */
  readonly steering: number;
  /** The largest rate of the steering angle. */
  readonly steeringRate: number;
  /** The fastest it goes backwards: below 0. */
  readonly minSpeed: number;
  /** The fastest it goes. */
  readonly maxSpeed: number;
  /** Above it the power of the engine limits the acceleration. */
  readonly powerSpeed: number;
  /** The hardest it brakes, and accelerates below powerSpeed. */
  readonly maxAcceleration: number;
}

/** What the drift and the multi-body model know of wheels. */
export interface WheelParameters extends TyreParameters {
  /** Of a wheel that rolls. */
  readonly wheelRadius: number;
  /** Of a wheel about its axle. */
  readonly wheelInertia: number;
  /** The share of braking that the front axle has. */
  readonly brakeSplit: number;
  /** The share of the engine's torque that the front axle has. */
  readonly engineSplit: number;
}

/** What the multi-body model knows of suspensions. */
export interface SuspensionParameters {
  /** What the springs carry. */
  readonly sprungMass: number;
  /** Of the front axle and its wheels. */
  readonly frontUnsprungMass: number;
  /** Of the rear axle and its wheels. */
  readonly rearUnsprungMass: number;
  /** Of the sprung mass. */
  readonly rollInertia: number;
  /** Of the sprung mass about the pitch axis. */
  readonly pitchInertia: number;
  /** The product of inertia of roll and yaw. */
  readonly rollYawInertia: number;
  /** Spring of a front wheel, N/m. */
  readonly frontSpring: number;
  /** Damper of a front wheel, N s/m. */
  readonly frontDamper: number;
  /** Spring of a rear wheel, N/m. */
  readonly rearSpring: number;
  /** Damper of a rear wheel, N s/m. */
  readonly rearDamper: number;
  /** From the left to the right wheel, front. */
  readonly frontTrack: number;
  /** The same of the rear axle. */
  readonly rearTrack: number;
  /** Spring of the joints between sprung and unsprung mass, across, N/m. */
  readonly jointSpring: number;
  /** Damper of these joints, N s/m. */
  readonly jointDamper: number;
  /** Torsion about the roll axis, front, N m/rad. */
  readonly frontTorsion: number;
  /** The same of the rear axle. */
  readonly rearTorsion: number;
  /** Of a tyre, upwards, N/m. */
  readonly tyreSpring: number;
  /** Height of the roll axis, front. */
  readonly frontRollHeight: number;
  /** The same of the rear axle. */
  readonly rearRollHeight: number;
  /** Of the front axle about the roll axis. */
  readonly frontUnsprungInertia: number;
  /** The same of the rear axle. */
  readonly rearUnsprungInertia: number;
  /** How far a tyre gives way across, m/N. */
  readonly lateralCompliance: number;
  /** Camber by the travel of the front suspension, rad/m. */
  readonly frontCamber: number;
  /** The same of the rear axle. */
  readonly rearCamber: number;
  /** Camber of the front axle by the square of the travel, rad/m^2. */
  readonly frontCamberSquare: number;
  /** The same of the rear axle. */
  readonly rearCamberSquare: number;
}

/** All parameters by name. */
export type VehicleParameters = BodyParameters & WheelParameters & SuspensionParameters;

/** The name of a parameter. */
export type ParameterName = keyof VehicleParameters;

const foot = 0.3048;
const poundForce = 4.4482216152605;
/** Spring rates are in pounds of weight where the weight is 9.81 N a kilogram. */
const poundPerFoot = 0.45359237 * 9.81 / foot;
const slug = poundForce / foot;
const slugFoot2 = poundForce * foot;
const poundFoot = poundForce * foot;

/** A car of CommonRoad by the numbers of its table, in feet, pounds of force and slugs where the table has them so. */
interface Imperial {
  readonly outline: readonly [length: number, width: number];
  readonly steering: number;
  readonly speeds: readonly [least: number, most: number, power: number];
  readonly masses: readonly [all: number, sprung: number, unsprung: number];
  readonly axles: readonly [front: number, rear: number];
  readonly inertias: readonly [roll: number, pitch: number, yaw: number, frontUnsprung: number, rearUnsprung: number];
  readonly springs: readonly [front: number, rear: number];
  readonly dampers: readonly [front: number, rear: number];
  readonly tracks: readonly [front: number, rear: number];
  readonly torsions: readonly [front: number, rear: number];
  readonly tyreSpring: number;
  readonly height: number;
  readonly compliance: number;
  readonly splits: readonly [brake: number, engine: number];
  readonly cambers: readonly [front: number, rear: number];
}

function inSI(car: Imperial): VehicleParameters {
  const stiffness = -tyre.pKy1 / tyre.pDy1;
  return {
    ...tyre,
    length: car.outline[0],
    width: car.outline[1],
    mass: car.masses[0] * slug,
    yawInertia: car.inertias[2] * slugFoot2,
    frontAxle: car.axles[0] * foot,
    rearAxle: car.axles[1] * foot,
    height: car.height * foot,
    frontStiffness: stiffness,
    rearStiffness: stiffness,
    friction: tyre.pDy1,
    grip: 1,
    steering: car.steering,
    steeringRate: 0.4,
    minSpeed: car.speeds[0],
    maxSpeed: car.speeds[1],
    powerSpeed: car.speeds[2],
    maxAcceleration: 11.5,
    wheelRadius: 0.344,
    wheelInertia: 1.7,
    brakeSplit: car.splits[0],
    engineSplit: car.splits[1],
    sprungMass: car.masses[1] * slug,
    frontUnsprungMass: car.masses[2] * slug,
    rearUnsprungMass: car.masses[2] * slug,
    rollInertia: car.inertias[0] * slugFoot2,
    pitchInertia: car.inertias[1] * slugFoot2,
    rollYawInertia: 0,
    frontSpring: car.springs[0] * poundPerFoot,
    frontDamper: car.dampers[0] * slug,
    rearSpring: car.springs[1] * poundPerFoot,
    rearDamper: car.dampers[1] * slug,
    frontTrack: car.tracks[0] * foot,
    rearTrack: car.tracks[1] * foot,
    jointSpring: 12000 * poundPerFoot,
    jointDamper: 700 * slug,
    frontTorsion: car.torsions[0] * poundFoot,
    rearTorsion: car.torsions[1] * poundFoot,
    tyreSpring: car.tyreSpring * poundPerFoot,
    frontRollHeight: 0,
    rearRollHeight: 0,
    frontUnsprungInertia: car.inertias[3] * slugFoot2,
    rearUnsprungInertia: car.inertias[4] * slugFoot2,
    lateralCompliance: car.compliance * foot / poundForce,
    frontCamber: car.cambers[0] / foot,
    rearCamber: car.cambers[1] / foot,
    frontCamberSquare: 0,
    rearCamberSquare: 0,
  };
}

/** F1TENTH's car (O'Kelly et al. 2020, `f1tenth_gym`): for the kinematic and the single-track model. */
const f1tenth: BodyParameters = {
  ...{
    length: 0.58,
    width: 0.31,
    mass: 3.74,
    yawInertia: 0.04712,
    frontAxle: 0.15875,
    rearAxle: 0.17145,
    height: 0.074,
  },
  ...{ frontStiffness: 4.718, rearStiffness: 5.4562, friction: 1.0489, grip: 1 },
  ...{ steering: 0.4189, steeringRate: 3.2, minSpeed: -5, maxSpeed: 20, powerSpeed: 7.319, maxAcceleration: 9.51 },
};

/** The name of a car. */
export type CarName = "ford_escort" | "bmw_320i" | "vw_vanagon" | "f1tenth";

/** The cars by name. */
export const cars = {
  /** Set 1 of CommonRoad. */
  ford_escort: inSI({
    ...{
      outline: [4.298, 1.674],
      steering: 0.910,
      speeds: [-13.9, 45.8, 4.755],
      masses: [84, 75, 4.5],
      axles: [2.9, 4.95],
    },
    ...{ inertias: [180, 990, 1135, 24, 24], springs: [1500, 1500], dampers: [100, 100], tracks: [4.56, 4.67] },
    ...{ torsions: [-9500, 0], tyreSpring: 13000, height: 1.95, compliance: 0.00015, splits: [0.76, 1] },
    cambers: [-0.19, -0.064],
  }),
  /** Set 2. */
  bmw_320i: inSI({
    ...{
      outline: [4.508, 1.610],
      steering: 1.066,
      speeds: [-13.6, 50.8, 7.319],
      masses: [74.91452, 66.17221, 4.371153],
    },
    ...{
      axles: [3.793293, 4.667707],
      inertias: [152.871, 1154.888, 1321.416, 22.62345, 21.88377],
      springs: [1675, 1345],
    },
    ...{ dampers: [122.3966, 112.9981], tracks: [4.55, 4.475], torsions: [-5100.155, -1949.82], tyreSpring: 10842.89 },
    ...{ height: 2.01355, compliance: 2.397884e-4, splits: [0.66, 0], cambers: [-0.12, -0.276] },
  }),
  /** Set 3. */
  vw_vanagon: inSI({
    ...{
      outline: [4.569, 1.844],
      steering: 1.023,
      speeds: [-11.2, 41.7, 7.824],
      masses: [101.3367, 90.21635, 5.56015],
    },
    ...{
      axles: [3.775563, 4.334437],
      inertias: [353.9445, 1625.825, 1824.078, 37.08234, 35.66033],
      springs: [2300, 2680],
    },
    ...{ dampers: [164.8335, 189.7866], tracks: [5.165, 5.065], torsions: [-25038.92, -5702.369], tyreSpring: 14565.6 },
    ...{ height: 2.639405, compliance: 1.7850283e-4, splits: [0.64, 0], cambers: [-0.1, -0.1] },
  }),
  f1tenth,
} satisfies Readonly<Record<CarName, BodyParameters & Partial<VehicleParameters>>>;

/** All of them: sets 1 to 3 of CommonRoad in their order, then F1TENTH's. */
export const carNames: readonly CarName[] = ["ford_escort", "bmw_320i", "vw_vanagon", "f1tenth"];
