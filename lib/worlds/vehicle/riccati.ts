/** Gains of least cost for the errors of a car, by Riccati's equation, on the host: they do not change as it drives. */

import type { BodyParameters } from "./models/cars.ts";

type Matrix = readonly (readonly number[])[];

/** What the linear model of the errors is made of. */
export interface ErrorModel {
  readonly car: BodyParameters;
  /** Cornering stiffness of the axles, N/rad. */
  readonly front: number;
  readonly rear: number;
  /** Of a step. */
  readonly seconds: number;
}

const times = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const turned = (a: Matrix): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));

/** Rajamani's equation 2.45 at a speed: lateral error, its rate, heading error, its rate. */
function errorRates({ car, front, rear }: ErrorModel, speed: number): { a: Matrix; b: Matrix } {
  const { mass, yawInertia, frontAxle: f, rearAxle: r } = car;
  const [both, moment, square] = [front + rear, rear * r - front * f, front * f * f + rear * r * r];
  return {
    a: [
      [0, 1, 0, 0],
      [0, -both / (mass * speed), both / mass, moment / (mass * speed)],
      [0, 0, 0, 1],
      [0, moment / (yawInertia * speed), -moment / yawInertia, -square / (yawInertia * speed)],
    ],
    b: [[0], [front / mass], [0], [front * f / yawInertia]],
  };
}

const plusOne = (row: readonly number[], i: number): number[] => row.map((x, j) => x + Number(i === j));

/** The model over a step with an input that holds: the exponential's series, of a step that is halved ten times. */
function overStep(a: Matrix, b: Matrix, seconds: number): { a: Matrix; b: Matrix } {
  const size = a.length;
  const h = seconds / 1024;
  const rates = [...a.map((row, i) => [...row, b[i]![0]!]), Array<number>(size + 1).fill(0)];
  // 1 + x (1 + x / 2 (1 + x / 3))
  let whole: Matrix = rates.map((row) => row.map(() => 0)).map(plusOne);
  for (const n of [3, 2, 1]) whole = times(rates.map((row) => row.map((x) => x * h / n)), whole).map(plusOne);
  for (let i = 0; i < 10; i++) whole = times(whole, whole);
  return {
    a: whole.slice(0, size).map((row) => row.slice(0, size)),
    b: whole.slice(0, size).map((row) => [row[size]!]),
  };
}

/** The gain of one input of weight 1 that costs least for ever, where errors cost `weights`. */
function gainOf(a: Matrix, b: Matrix, weights: readonly number[]): number[] {
  const cost = weights.map((w, i) => weights.map((_, j) => i === j ? w : 0));
  let p: Matrix = cost;
  let gain: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const pb = times(p, b);
    const scale = 1 + times(turned(b), pb)[0]![0]!;
    const next = times(turned(pb), a)[0]!.map((x) => x / scale);
    const closed = a.map((row, r) => row.map((x, c) => x - b[r]![0]! * next[c]!));
    const grown = times(turned(a), times(p, closed));
    p = cost.map((row, r) => row.map((x, c) => x + grown[r]![c]!));
    const moved = Math.max(...next.map((x, k) => Math.abs(x - (gain[k] ?? Infinity))));
    gain = next;
    if (moved < 1e-9) break;
  }
  return gain;
}

/** The gains at each of `speeds`, m/s, where the errors cost `weights` and a radian of steering 1. */
export function latticeGains(model: ErrorModel, weights: readonly number[], speeds: readonly number[]): number[][] {
  return speeds.map((speed) => {
    const { a, b } = errorRates(model, speed);
    const step = overStep(a, b, model.seconds);
    return gainOf(step.a, step.b, weights);
  });
}
