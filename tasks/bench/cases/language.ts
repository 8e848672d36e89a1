/** A model of bytes: a training step of four heads over 16 rows of 256, and 200 bytes that it writes greedily. A million parameters. */

import { compile, HostRandom, LanguageModel, randomInt, randomKey, zeros } from "../../../mod.ts";
import { TextGenerator } from "../../../lib/lm/generation.ts";
import { LanguageLearner } from "../../../lib/lm/learner.ts";
import { withoutStages } from "../../../lib/lm/options.ts";
import type { Run } from "../protocol.ts";

const [rows, time] = [16, 256];
const size = { dModel: 128, numLayers: 5, numHeads: 4, predictions: 4 };

/** Compiles the step. */
export async function languageStep(): Promise<Run> {
  const learner = new LanguageLearner(
    {
      ...withoutStages,
      ...size,
      ...{ algorithm: "mtp", seed: 0, nIters: 1, batchesPerIteration: 1, batchSize: rows, accumulate: 1 },
      ...{ lr: 1e-3, warmup: 0, weightDecay: 0.1, maxGradNorm: 1 },
    },
    false,
    new HostRandom(0),
  );
  const given = {
    tokens: randomInt(randomKey(1), [rows, time], 0, 256),
    lengths: randomInt(randomKey(2), [rows], time, time + 1),
    reward: zeros([rows]),
    oracle: zeros([rows, time]),
  };
  await Promise.all(Object.values(given).map((x) => x.data()));
  const step = compile((x: typeof given) => learner.even(x), {
    state: [learner.model, learner.optimizer],
    name: "the language step",
  });
  return async () => {
    await (await step(given)).data();
  };
}

/** Writes 200 bytes after 20, with what attention has seen kept. */
export function languageText(): Run {
  const writer = new TextGenerator(new LanguageModel(new HostRandom(0), size), time);
  const prompt = Uint8Array.from({ length: 20 }, (_, i) => 65 + i);
  const greedy = { count: 200, temperature: 0, topK: 0, topP: 1, speculative: false, random: new HostRandom(0) };
  return async () => {
    await writer.generate(prompt, greedy);
  };
}
