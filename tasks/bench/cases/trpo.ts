/** The policy step of TRPO in this library: the humanoid of the report, 2,048 rows, Fisher's matrix of every fifth of them. */

import {
  ClippedGaussianPolicy,
  compile,
  FlatVector,
  type GaussianOutput,
  HostRandom,
  normal,
  ParameterGroup,
  randomKey,
  stopGradient,
  type Tensor,
  trpoStep,
} from "../../../mod.ts";
import type { Run } from "../protocol.ts";
import { submitsOf } from "../submits.ts";

const rows = 2048, observation = 56, action = 28, every = 5;

/** Compiles the step. Each repetition begins at the same policy. */
export async function trpoUpdate(): Promise<Run> {
  const sizes = { agents: 1, observationSize: observation, actionSize: action, hiddenSize: 100 };
  const policy = new ClippedGaussianPolicy(sizes, new HostRandom(0));
  const group = new ParameterGroup("policy", policy.parameters());
  const start = new FlatVector("policy", group.values().tensor.mul(1));
  const draw = (seed: number, ...shape: number[]): Tensor => normal(randomKey(seed), [rows, 1, ...shape]);
  const batch = { observation: draw(1, observation), choice: draw(2, action), advantage: draw(3) };
  await Promise.all([start.tensor, ...Object.values(batch)].map((x) => x.data()));
  const step = compile((all: typeof batch, from: Tensor) => {
    group.assign(new FlatVector("policy", from));
    const part = all.observation.slice(0, 0, Infinity, every);
    const data = ({ loc, scale }: GaussianOutput): GaussianOutput => ({
      loc: stopGradient(loc, "the policy before"),
      scale: stopGradient(scale, "the policy before"),
    });
    const before = data(policy.head(all.observation));
    const some = policy.head(part);
    const logProb = policy.logProb(before, all.choice);
    const { accepted, kl, improvement } = trpoStep(group, {
      surrogate: () => {
        const now = policy.logProb(policy.head(all.observation), all.choice);
        return now.sub(logProb).exp().mul(all.advantage).mean();
      },
      kl: () => policy.kl(before, policy.head(all.observation)).mean(),
      fisher: group.gaussNewton([some.loc, some.scale], ([loc, scale]) => {
        return policy.kl(data(some), { loc: loc!, scale: scale! }).mean();
      }),
    });
    return { accepted, kl, improvement };
  }, { state: [policy, group], name: "the TRPO step" });
  return async () => {
    let kl: Tensor;
    const submits = await submitsOf(async () => ({ kl } = await step(batch, start.tensor)));
    await kl!.item();
    return submits;
  };
}
