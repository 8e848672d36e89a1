/** Two agents on a line who draw luck at every step: their episodes end early, late, or when the time is up. */

import type { RandomStream, Simulation, StepOutcome } from "../../../mod.ts";

export default function walk({ reach, discrete = false }: { reach: number; discrete?: boolean }): Simulation {
  let random: RandomStream;
  let places: number[] = [];
  return {
    reset(stream) {
      random = stream;
      places = [random.next() - 0.5, random.next() - 0.5];
    },
    observe: () => places.flatMap((x) => [x, x * x]),
    step(action): StepOutcome {
      places = places.map((x, i) => x + 0.3 * (discrete ? action[i]! - 1 : action[i]!) + 0.1 * (random.next() - 0.5));
      const far = Math.max(...places.map(Math.abs));
      return {
        reward: places.map((x) => -Math.abs(x)),
        terminated: far > reach,
        truncated: random.next() < 0.02,
        metrics: { far, left: Number(far > reach) },
      };
    },
    state: () => places,
    restore: (state) => void (places = [...state]),
    place: () => places.flatMap((x, i) => [x, i, 0]),
  };
}
