/** How the losses and layers of the PyTorch fixtures are made and called here. */

import * as p from "../../mod.ts";
import { type FixtureArray, toTensor } from "../fixtures/pytorch.ts";
import type { FixtureArgs } from "../ops/table.ts";

type Tensor = p.Tensor;
type Forward = (inputs: readonly Tensor[]) => Tensor | readonly Tensor[];

/** A case: what is called with the inputs, and the module whose parameters it has. */
export interface LayerCase {
  readonly module?: p.Module;
  readonly forward: Forward;
}

type Make = (args: FixtureArgs, inputs: readonly Tensor[]) => LayerCase;

const random = new p.HostRandom(0);

/** A loss of two, whose options are the arguments of the case; weights are written as arrays. */
const loss = (f: (x: Tensor, y: Tensor, options: never) => Tensor): Make => (args) => {
  const options = Object.entries(args).map((
    [name, x],
  ) => [name, /weight/i.test(name) ? toTensor(x as FixtureArray) : x]);
  return { forward: ([x, y]) => f(x!, y!, Object.fromEntries(options) as never) };
};

/** A module that is called with the inputs. */
const of = <M extends p.Module>(module: M, forward: (module: M, ...inputs: Tensor[]) => Tensor): LayerCase => {
  return { module, forward: (inputs) => forward(module, ...inputs) };
};

const rows: Record<string, Make> = {
  mseLoss: loss(p.mseLoss),
  l1Loss: loss(p.l1Loss),
  huberLoss: loss(p.huberLoss),
  bce: loss(p.binaryCrossEntropyWithLogits),
  klDiv: loss(p.klDiv),
  klDivData: ({ target }) => ({
    forward: ([x]) => p.klDiv(x!, toTensor(target as FixtureArray), { reduction: "batchmean" }),
  }),
  crossEntropy: loss(p.crossEntropy),
  nllLoss: loss((x, y, options) => p.nllLoss(x.logSoftmax(1), y, options)),
  sdpa: (args) => ({ forward: ([q, k, v]) => p.scaledDotProductAttention(q!, k!, v!, args) }),
  sdpaMasked: () => ({
    forward: ([q, k, v, attnMask]) => p.scaledDotProductAttention(q!, k!, v!, { attnMask: attnMask! }),
  }),
  multihead: (args) =>
    of(new p.MultiheadAttention(8, 2, random, args), (m, ...inputs) => m.forward(...inputs as [Tensor])),
  multiheadMasked: (args) =>
    of(new p.MultiheadAttention(8, 2, random, args), (m, x, attnMask, keyPaddingMask) => {
      return m.forward(x, x, x, { attnMask: attnMask!, keyPaddingMask: keyPaddingMask! });
    }),
  transformerBlock: (args) =>
    of(new p.TransformerBlock(8, 2, random, args), (m, x) => m.forward(x, { isCausal: true })),
  embedding: (args) => of(new p.Embedding(5, 4, random, args), (m, x) => m.forward(x)),
  rmsNorm: ({ eps }) => of(new p.RMSNorm(4, eps as number | undefined), (m, x) => m.forward(x)),
  sequential: () => {
    const inner = new p.Sequential(new p.Linear(5, 4, random), new p.GELU());
    return of(
      new p.Sequential(new p.Linear(3, 5, random), new p.Tanh(), inner, new p.Linear(4, 2, random)),
      (m, x) => m.forward(x),
    );
  },
  activations: () => {
    const all = [
      new p.ReLU(),
      new p.Tanh(),
      new p.Sigmoid(),
      new p.SiLU(),
      new p.Softplus(),
      new p.GELU(),
      new p.GELU("tanh"),
      new p.ELU(0.7),
      new p.LeakyReLU(),
      new p.LeakyReLU(0.2),
      new p.Softmax(-1),
      new p.LogSoftmax(-1),
      new p.Identity(),
      new p.Flatten(),
    ];
    return { forward: ([x]) => all.map((module) => module.forward(x!)) };
  },
  rotary: (args) => ({ forward: ([x]) => p.rotaryPositions(x!, args) }),
};

/** The names of all cases. */
export const layerNames: readonly string[] = Object.keys(rows);

/** Makes a case. */
export function makeLayer(op: string, args: FixtureArgs, inputs: readonly Tensor[]): LayerCase {
  const make = rows[op];
  if (!make) throw new Error(`say in layer_table.ts how ${op} is called.`);
  return make(args, inputs);
}
