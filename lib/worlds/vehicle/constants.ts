/** The numbers of the vehicle world. */

/** Seconds in a step. */
export const stepSeconds = 0.05;
/** The steering angle of an action of 1, radians. */
export const mostSteering = 0.5;
/** The acceleration of an action of 1, m/s^2. */
export const mostPushing = 6;
/** How fast the steering's position control closes in, 1/s: a proportional one, whose damping is the joint's own limit of speed. */
export const steeringGain = 10;
/** The time constant of engine and brakes, seconds. */
export const engineLag = 0.1;
/** Seconds of driving at which the points ahead are seen. */
export const previewSeconds = [0.1, 0.25, 0.45, 0.7, 1, 1.5] as const;
/** How much farther away they are, metres. */
export const previewDistance = 2;
/** Steps after which a car has found its way from where it began: what it does from then on is driving. */
export const settlingSteps = 60;
