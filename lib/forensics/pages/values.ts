/** Pages of G4xx (values that are not finite) and G5xx (who owns a parameter). */

import type { Page } from "./cuts.ts";

/** G4xx and G5xx. */
export const pagesOfValues = {
  G401: {
    title: "an operation gave NaN or infinity",
    meaning: "The forward computation met a value outside of the domain of an operation. The message names the first " +
      "operation whose inputs were finite and whose result is not, with the statistics of its inputs.",
    wrong: `const logProb = probability.log(); // probability has a 0`,
    right: `const logProb = logits.logSoftmax(-1);`,
  },
  G402: {
    title: "a derivative is NaN or infinite",
    meaning: "The forward values are finite, but the derivative of an operation is not: sqrt at 0, a division by " +
      "something that underflowed, an overflow in the chain.",
    wrong: `const distance = a.sub(b).square().sum(-1).sqrt(); // a = b for some row`,
    right: `const distance = a.sub(b).norm(-1); // its gradient at 0 is 0`,
  },
  G403: {
    title: "where() hides a NaN from the result, not from the gradient",
    meaning: "where(condition, safe, unsafe) chooses the safe value, but the derivative multiplies the unsafe side's " +
      "infinite slope by 0, which is NaN; so do clamp(), minimum() and maximum() after the operation. Make the input " +
      "safe before it.",
    wrong: `where(x.greater(0), x.log(), 0); // at x = 0: 0 * (1 / 0) = NaN in the gradient`,
    right: `const positive = x.greater(0);
where(positive, where(positive, x, 1).log(), 0);`,
  },
  G404: {
    title: "an input is not finite",
    meaning: "Data, a parameter or a saved state held NaN or infinity before anything was computed.",
    wrong: `model.forward(tensor([0 / 0]));`,
    right: `model.forward(tensor(observation.map((x) => Number.isFinite(x) ? x : 0)));`,
  },
  G405: {
    title: "a bad number that replaying does not show",
    meaning:
      "A compiled step gave NaN or infinity, but the same step, operation by operation, does not: the values lie " +
      "at the limits of float32, where the order of rounding decides.",
    wrong: `const score = x.exp().mul(1e-38); // x near 88: overflows or not, by the order of operations`,
    right: `const score = x.sub(88).exp();`,
  },
  G406: {
    title: "a gradient explodes on its way back through a horizon",
    meaning:
      "The gradient of a loss grows by a factor with every step that it goes back through a loop, until it is beyond all " +
      "bounds: what is learned from is the noise of its first steps. The message names the factor, and the step from which on " +
      "the norm is more than 100 times its median. The loop is not stable where it was driven: what it does depends " +
      "exponentially on where it began.",
    wrong:
      `const trainer = await BPTTTrainer.create(world, { ...options, horizon: 1000 }); // of a loop that swings up`,
    right: `const trainer = await BPTTTrainer.create(world, { ...options, horizon: 32 });
(await gradientOverTime(loss, commands)).verdict; // "steady"; \`growth\` is the factor`,
  },
  G407: {
    title: "the gradient over a horizon could not be measured",
    meaning:
      "A trainer that learns through the physics looks at times how its gradient fares over the horizon, in a few environments " +
      "beside those that it learns from, and that drive failed. What was learned holds, and it goes on. Most often the world " +
      "can only be begun with as many environments as the training has.",
    wrong: `reset: (key, envs) => ({ x: starts, step: zeros([envs], { dtype: "int32" }) }) // starts: [64, 2], always`,
    right: `reset: (key, envs) => ({ x: uniform(key, [envs, 2], -1, 1), step: zeros([envs], { dtype: "int32" }) })`,
  },
  G501: {
    title: "a parameter has two owners",
    meaning: "A parameter's numbers lie in the flat vector of one optimiser or group; a second one cannot have them.",
    wrong: `new Adam(actor.parameters(), { lr: 1e-3 });
new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-3 });`,
    right:
      `new Adam([{ parameters: actor.parameters() }, { parameters: critic.parameters(), lr: 1e-4 }], { lr: 1e-3 });`,
  },
  G502: {
    title: "a group has nothing to learn",
    meaning: "An optimiser was given no parameters, or only frozen ones.",
    wrong: `frozen(model);
new Adam(model.parameters(), { lr: 1e-3 });`,
    right: `new Adam(head.parameters(), { lr: 1e-3 });`,
  },
  G503: {
    title: "a parameter is owned by no optimiser",
    meaning: "The loss reaches a parameter that no optimiser will change. This is a warning: it was forgotten, or it " +
      "should be frozen.",
    wrong: `const optimizer = new Adam(actor.parameters(), { lr: 1e-3 });
actorLoss.add(criticLoss).backward();
optimizer.step(); // the critic never learns`,
    right: `const optimizer = new Adam([...actor.parameters(), ...critic.parameters()], { lr: 1e-3 });
// or
frozen(critic);`,
  },
  G504: {
    title: "an optimiser holds the wrong parameters",
    meaning:
      "The loss reaches parameters that this optimiser does not hold, and not those that it holds: it was given another " +
      "model, was made before a layer was replaced, or was exchanged with another optimiser.",
    wrong: `const optimizer = new Adam(target.parameters(), { lr: 1e-3 });
lossOf(online, target).backward();
optimizer.step();`,
    right: `const optimizer = new Adam(online.parameters(), { lr: 1e-3 });
frozen(target);`,
  },
} as const satisfies Record<`G${number}`, Page>;
