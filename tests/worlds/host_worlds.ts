/** Worlds of simulations for tests. */

import type { HostWorld } from "../../mod.ts";

/** Two agents on a line; see simulations/walk.ts. */
export function walk(workers: number, changes: Partial<HostWorld> = {}, discrete = false): HostWorld {
  return {
    name: "walk",
    agents: 2,
    observationSize: 2,
    actionKind: discrete ? "discrete" : "continuous",
    actionSize: discrete ? 3 : 1,
    maxSteps: 12,
    simulation: import.meta.resolve("./simulations/walk.ts"),
    options: { reach: 1, discrete },
    metrics: { far: "mean", left: "sum" },
    scene: {
      entities: [0, 1].map(() => ({ role: "agent", shape: { kind: "sphere", radius: 0.1 } })),
      frameSeconds: 0.1,
    },
    workers,
    ...changes,
  };
}

/** Goes wrong; see simulations/faulty.ts. */
export function faulty(workers: number, changes: Partial<HostWorld> = {}): HostWorld {
  return {
    name: "faulty",
    agents: 1,
    observationSize: 1,
    actionKind: "continuous",
    actionSize: 1,
    maxSteps: 100,
    simulation: import.meta.resolve("./simulations/faulty.ts"),
    options: {},
    metrics: { height: "mean" },
    workers,
    ...changes,
  };
}
