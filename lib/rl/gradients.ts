/** Gradients of networks by the names of their parameters. */

import type { SavedTensor } from "../graph/types.ts";
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Gradients of all parameters that learn, which lie one after the other, by parameter: `policy.net.layers.0.weight`. A part that
 * networks share is there once.
 */
export function namedGradients(
  networks: Readonly<Record<string, Module>>,
  flat: Float32Array,
): Record<string, SavedTensor> {
  let end = 0;
  const seen = new Set<Tensor>();
  const entries = Object.entries(networks).flatMap(([owner, network]) =>
    network.namedParameters().filter(([, x]) => x.requiresGrad && !seen.has(x)).map(([path, parameter]) => {
      const { shape, size } = parameter;
      seen.add(parameter);
      const saved: SavedTensor = { dtype: "float32", shape, data: flat.subarray(end, end += size) };
      return [`${owner}.${path}`, saved] as const;
    })
  );
  return Object.fromEntries(entries);
}
