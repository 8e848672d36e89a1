/** Pages of G3xx: shapes, axes and indices. */

import type { Page } from "./cuts.ts";

/** G3xx. */
export const pagesOfShapes = {
  G301: {
    title: "a shape or dtype does not fit",
    meaning: "An operation was given data of a shape or element type that it cannot take.",
    wrong: `tensor([1, 2, 3], { shape: [2, 2] });`,
    right: `tensor([1, 2, 3, 4], { shape: [2, 2] });`,
  },
  G302: {
    title: "shapes do not broadcast",
    meaning: "Shapes are aligned from the right; sizes must be equal or 1. Operands of different ranks that repeat " +
      "each other along axes of the same size ([B] with [B, 1] gives [B, B]) are refused too: that is nearly always a " +
      "forgotten axis. An outer product, [6, 1] with [4], is not.",
    wrong: `const error = value.sub(reward); // value [B, 1], reward [B]`,
    right: `const error = value.squeeze(-1).sub(reward); // [B]`,
  },
  G303: {
    title: "axis names do not align",
    meaning: "Axes may have names; two different names never meet in one operation.",
    wrong: `reward.mul(done); // reward [env, time, agent, 1], done [env, time, 1]`,
    right: `reward.mul(done.unsqueeze(2, "agent"));`,
  },
  G304: {
    title: "there is no such axis, index or step",
    meaning: "An axis, an index or what a scan carries lies outside of the tensor.",
    wrong: `zeros([2, 3]).select(0, 2);`,
    right: `zeros([2, 3]).select(0, 1);`,
  },
  G305: {
    title: "a scalar is needed",
    meaning: "backward(), gradients() and item() take one number. A loss with axes left must be reduced, and the " +
      "choice between mean() and sum() is yours: it scales the gradient.",
    wrong: `prediction.sub(target).square().backward(); // [B, 1]`,
    right: `prediction.sub(target).square().mean().backward();`,
  },
  G306: {
    title: "flat vectors of different groups meet",
    meaning: "A flat vector holds one number for each entry of a group's parameters. A step for the policy cannot be " +
      "added to the parameters of policy and value together.",
    wrong: `everything.assign(everything.values().add(policyStep));`,
    right: `policy.assign(policy.values().add(policyStep));`,
  },
  G307: {
    title: "a metric is reduced another way than declared",
    meaning: "Reductions remember their kind and axis. A metric that is declared as a sum over an axis was given a " +
      "mean over it, or the other way round: numbers that look alike and cannot be compared.",
    wrong: `const episodeReward = metric("episode reward", { reduction: "sum", over: "time" });
await episodeReward.read(reward.mean());`,
    right: `await episodeReward.read(reward.sum("time").mean());`,
  },
  G308: {
    title: "a program failed while it ran",
    meaning: "The engine refused at run time, which shapes alone could not tell: an index out of range, for example.",
    wrong: `table.take(tensor([7], { dtype: "int32" }), 0); // table [5, 3]`,
    right: `table.take(tensor([4], { dtype: "int32" }), 0);`,
  },
  G309: {
    title: "a compiled function is traced again and again",
    meaning:
      "A compiled function keeps a program for each form of its arguments, the last few of them. Called with more " +
      "forms than it keeps, it traces and compiles at every call. This is a warning.",
    wrong: `for (const batch of batchesOfAnyLength) await step(batch);`,
    right: `for (const rows of batchesOfAnyLength) {
  const { batch, mask } = padBatch(rows); // filled up to the next power of two
  await step(batch, mask);
}
// or keep more
compile(fn, { state, programs: 64 });`,
  },
  G310: {
    title: "a call was given what it does not take",
    meaning:
      "An argument too many, of another kind, under an unknown name, or none where one is needed. TypeScript says " +
      "so before a program runs, but notebooks and `deno run` check no types. Options are given by name, in one object.",
    wrong: `new Adam(net.parameters(), 0.1);`,
    right: `new Adam(net.parameters(), { lr: 0.1 });`,
  },
  G311: {
    title: "await is missing",
    meaning:
      "Numbers come later: item(), data(), toList() and calls of compiled functions give promises. A promise was " +
      "used in the place of what it is a promise of.",
    wrong: `const mean = x.mean().item();
const centred = x.sub(mean), text = mean.toFixed(2);`,
    right: `const mean = await x.mean().item();
const centred = x.sub(mean), text = mean.toFixed(2);`,
  },
} as const satisfies Record<`G${number}`, Page>;
