/** A variational autoencoder, compiled, with a KL weight that starts at 0. */

import {
  Adam,
  compile,
  Generator,
  HostRandom,
  Linear,
  MLP,
  Module,
  normal,
  type Tensor,
  tensor,
} from "../../../../mod.ts";

class VAE extends Module {
  readonly encoder: MLP;
  readonly mean: Linear;
  readonly logVariance: Linear;
  readonly decoder: MLP;

  constructor(random: HostRandom) {
    super();
    this.encoder = new MLP([6, 16, 8], random);
    this.mean = new Linear(8, 2, random);
    this.logVariance = new Linear(8, 2, random);
    this.decoder = new MLP([2, 16, 6], random);
  }

  loss(x: Tensor, noise: Tensor, beta: Tensor): Tensor {
    const h = this.encoder.forward(x).tanh();
    const [mean, logVariance] = [this.mean.forward(h), this.logVariance.forward(h)];
    const z = mean.add(logVariance.mul(0.5).exp().mul(noise));
    const kl = mean.square().add(logVariance.exp()).sub(logVariance).sub(1).sum(1).mul(0.5).mean();
    return this.decoder.forward(z).sub(x).square().sum(1).mean().add(kl.mul(beta));
  }

  override forward(x: Tensor): Tensor {
    return this.decoder.forward(this.mean.forward(this.encoder.forward(x).tanh()));
  }
}

const random = new HostRandom(4);
const generator = new Generator(4);
const vae = new VAE(random);
const optimizer = new Adam(vae.parameters(), { lr: 1e-2 });
export const losses: number[] = [];

const step = compile((x: Tensor, beta: Tensor) => {
  const loss = vae.loss(x, normal(generator.next(), [x.shape[0]!, 2]), beta);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}, { state: [vae, optimizer, generator] });

const basis = tensor(random.uniform(12, -1, 1), { shape: [2, 6] });
for (let i = 0; i < 40; i++) {
  const x = tensor(random.uniform(64, -1, 1), { shape: [32, 2] }).matmul(basis);
  losses.push(await (await step(x, Math.min(1, i / 1000))).item() as number);
}
