/**
 * The forces of a tyre: Pacejka's magic formula in the form of CommonRoad ("CommonRoad: Vehicle Models", 2020, section 9), without
 * turn slip and scaling factors but for the grip of the road. Every argument may be of many tyres: shapes broadcast.
 */

import type { Tensor } from "../../../tensor/tensor.ts";

/** The coefficients, by Pacejka's names: `p` of pure and `r` of combined slip, `x` along and `y` across. */
export interface TyreParameters {
  /** Shape of the pure force along. */
  readonly pCx1: number;
  /** Friction along. */
  readonly pDx1: number;
  /** How camber squared lessens it. */
  readonly pDx3: number;
  /** Curvature of the pure force along. */
  readonly pEx1: number;
  /** Stiffness along: force at a slip of 1 were it linear, as a share of the load. */
  readonly pKx1: number;
  /** Shift of the slip along. */
  readonly pHx1: number;
  /** Shift of the force along, as a share of the load. */
  readonly pVx1: number;
  /** Slope by which slip across lessens the force along. */
  readonly rBx1: number;
  /** How slip along changes that slope. */
  readonly rBx2: number;
  /** Shape of that. */
  readonly rCx1: number;
  /** Curvature of that. */
  readonly rEx1: number;
  /** Shift of that. */
  readonly rHx1: number;
  /** Shape of the pure force across. */
  readonly pCy1: number;
  /** Friction across. */
  readonly pDy1: number;
  /** How camber squared lessens it. */
  readonly pDy3: number;
  /** Curvature of the pure force across. */
  readonly pEy1: number;
  /** Stiffness across, per radian, as a share of the load; negative. */
  readonly pKy1: number;
  /** Shift of the slip angle, for any camber. */
  readonly pHy1: number;
  /** Shift of the slip angle by camber. */
  readonly pHy3: number;
  /** Shift of the force across, for any camber, as a share of the load. */
  readonly pVy1: number;
  /** Shift of the force across by camber. */
  readonly pVy3: number;
  /** Slope by which slip along lessens the force across. */
  readonly rBy1: number;
  /** How the slip angle changes that slope. */
  readonly rBy2: number;
  /** Shift of the slip angle there. */
  readonly rBy3: number;
  /** Shape of that. */
  readonly rCy1: number;
  /** Curvature of that. */
  readonly rEy1: number;
  /** Shift of that. */
  readonly rHy1: number;
  /** Force across that slip along gives, as a share of friction x load. */
  readonly rVy1: number;
  /** How camber changes it. */
  readonly rVy3: number;
  /** How the slip angle changes it. */
  readonly rVy4: number;
  /** Its shape by slip along. */
  readonly rVy5: number;
  /** Its slope by slip along. */
  readonly rVy6: number;
}

/** The tyre of ADAMS' handbook, which all cars of CommonRoad have. */
export const tyre: TyreParameters = {
  ...{ pCx1: 1.6411, pDx1: 1.1739, pDx3: 0, pEx1: 0.46403, pKx1: 22.303, pHx1: 0.0012297, pVx1: -8.8098e-6 },
  ...{ rBx1: 13.276, rBx2: -13.778, rCx1: 1.2568, rEx1: 0.65225, rHx1: 0.0050722 },
  ...{ pCy1: 1.3507, pDy1: 1.0489, pDy3: -2.8821, pEy1: -0.0074722, pKy1: -21.92, pHy1: 0.0026747, pHy3: 0.031415 },
  ...{ pVy1: 0.037318, pVy3: -0.32931, rBy1: 7.1433, rBy2: 9.1916, rBy3: -0.027856, rCy1: 1.0719, rEy1: -0.27572 },
  ...{ rHy1: 5.7448e-6, rVy1: -0.027825, rVy3: -0.27568, rVy4: 12.12, rVy5: 1.9, rVy6: -10.704 },
};

/** The coefficients as tensors, and the grip of the road. */
export type Tyre = { readonly [K in keyof TyreParameters | "grip"]: Tensor };

/** How tyres touch the road. */
export interface Contact {
  /** Along: 0 where the wheel rolls, positive where it is slower than the road. */
  readonly slip: Tensor;
  /** Across: the angle between the wheel and its way, radians. */
  readonly angle: Tensor;
  /** Of the wheel from upright, radians; null where all stand upright. */
  readonly camber: Tensor | null;
  /** Newtons. */
  readonly load: Tensor;
}

/** Newtons, along and across the wheel. */
export interface TyreForces {
  readonly along: Tensor;
  readonly across: Tensor;
}

/** The argument of sine and cosine in every magic formula: C atan(Bx - E (Bx - atan(Bx))). */
function magic(shape: Tensor, curvature: Tensor, x: Tensor): Tensor {
  return x.sub(curvature.mul(x.sub(x.atan()))).atan().mul(shape);
}

/** The forces of tyres whose slip is combined of both directions. */
export function tyreForces(p: Tyre, contact: Contact): TyreForces {
  return { along: forceAlong(p, contact), across: forceAcross(p, contact) };
}

function forceAlong(p: Tyre, { slip, angle, camber, load }: Contact): Tensor {
  const friction = p.pDx1.mul(p.grip).mul(camber ? p.pDx3.mul(camber.square()).neg().add(1) : 1);
  const peak = friction.mul(load);
  const steepness = load.mul(p.pKx1).div(p.pCx1.mul(peak));
  const pure = peak.mul(magic(p.pCx1, p.pEx1, steepness.mul(p.pHx1.sub(slip))).add(load.mul(p.pVx1)).sin());
  const slope = p.rBx1.mul(p.rBx2.mul(slip).atan().cos());
  const reduction = (at: Tensor): Tensor => magic(p.rCx1, p.rEx1, slope.mul(at)).cos();
  return pure.mul(reduction(angle.add(p.rHx1))).div(reduction(p.rHx1));
}

function forceAcross(p: Tyre, { slip, angle, camber, load }: Contact): Tensor {
  const friction = p.pDy1.mul(p.grip).mul(camber ? p.pDy3.mul(camber.square()).neg().add(1) : 1);
  const peak = friction.mul(load);
  const steepness = load.mul(p.pKy1).div(p.pCy1.mul(peak));
  const shifted = camber ? angle.add(camber.sign().mul(p.pHy1.add(p.pHy3.mul(camber.abs())))) : angle;
  const pureOf = peak.mul(magic(p.pCy1, p.pEy1, steepness.mul(shifted)).sin());
  const pure = camber ? pureOf.add(camber.sign().mul(load).mul(p.pVy1.add(p.pVy3.mul(camber.abs())))) : pureOf;
  const slope = p.rBy1.mul(p.rBy2.mul(angle.sub(p.rBy3)).atan().cos());
  const reduction = (at: Tensor): Tensor => magic(p.rCy1, p.rEy1, slope.mul(at)).cos();
  const bySlip = peak.mul(camber ? p.rVy1.add(p.rVy3.mul(camber)) : p.rVy1)
    .mul(p.rVy4.mul(angle).atan().cos())
    .mul(p.rVy5.mul(p.rVy6.mul(slip).atan()).sin());
  return pure.mul(reduction(slip.add(p.rHy1))).div(reduction(p.rHy1)).add(bySlip);
}
