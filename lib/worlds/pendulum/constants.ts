/**
 * The pendulum of Gymnasium's Pendulum-v1 (Towers et al. 2024, `gymnasium/envs/classic_control/pendulum.py`): a rod that
 * hangs by one end is swung up and held upright by a motor that is too weak to lift it.
 */

/** Metres per second squared. */
export const gravity = 10;
/** Of the rod, kilograms. */
export const mass = 1;
/** Of the rod, metres. */
export const rodLength = 1;
/** Seconds in a step. */
export const stepSeconds = 0.05;
/** Radians a second; it turns no faster. */
export const maxSpeed = 8;
/** Newton metres of an action of 1. */
export const maxTorque = 2;
/** Steps of an episode, unless told otherwise. */
export const defaultMaxSteps = 200;

/** What the sine of the angle adds to the speed in a step, radians a second. */
export const pull = 3 * gravity / (2 * rodLength) * stepSeconds;
/** What a newton metre adds. */
export const push = 3 / (mass * rodLength ** 2) * stepSeconds;

/** The cost of a step: angle^2 + speedCost * speed^2 + torqueCost * torque^2. */
export const speedCost = 0.1;
/** See {@linkcode speedCost}. */
export const torqueCost = 0.001;
