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

/** Layers and directions of a state come first in PyTorch, `[layer, batch, hidden]`, and before the features here. */
function recurrent<S extends p.GatedState>(module: p.Gated<S>, stateOf: (parts: readonly Tensor[]) => S): LayerCase {
  return {
    module,
    forward: ([x, ...states]) => {
      const [output, last] = module.run(x!, stateOf(states.map((y) => y.transpose(0, 1))));
      return [output, last.hidden, ...("cell" in last ? [last.cell as Tensor] : [])].map((y, i) =>
        i === 0 ? y! : y!.transpose(0, 1)
      );
    },
  };
}

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
  multiheadWeights: ({ averageAttnWeights = true, ...args }) => {
    const module = new p.MultiheadAttention(8, 2, random, args);
    const options = { needWeights: true, averageAttnWeights: averageAttnWeights as boolean } as const;
    return { module, forward: ([q, k, v]) => module.forward(q!, k, v, options) };
  },
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
  conv2d: (args) => ({ forward: ([x, w, b]) => p.conv2d(x!, w!, b!, args) }),
  conv1d: (args) => ({ forward: ([x, w, b]) => p.conv1d(x!, w!, b!, args) }),
  convLayer2d: (args) => of(new p.Conv2d(3, 4, [3, 2], random, args), (m, x) => m.forward(x)),
  convLayer1d: (args) => of(new p.Conv1d(2, 4, 3, random, args), (m, x) => m.forward(x)),
  maxPool2d: ({ kernelSize, ...args }) => ({ forward: ([x]) => p.maxPool2d(x!, kernelSize as p.Pair, args) }),
  avgPool2d: ({ kernelSize, ...args }) => ({ forward: ([x]) => p.avgPool2d(x!, kernelSize as p.Pair, args) }),
  pool1d: () => {
    const all = [
      new p.MaxPool1d(2),
      new p.MaxPool1d(3, { stride: 1, padding: 1 }),
      new p.AvgPool1d(2),
      new p.AvgPool1d(3, { stride: 2, padding: 1 }),
    ];
    return { forward: ([x]) => all.map((module) => module.forward(x!)) };
  },
  adaptiveAvgPool2d: ({ outputSize }) => ({
    forward: ([x]) => p.adaptiveAvgPool2d(x!, outputSize as p.OutputSize).square(),
  }),
  adaptiveMaxPool2d: ({ outputSize }) => ({
    forward: ([x]) => p.adaptiveMaxPool2d(x!, outputSize as p.OutputSize).square(),
  }),
  adaptivePool1d: () => {
    const all = [
      new p.AdaptiveAvgPool1d(2),
      new p.AdaptiveAvgPool1d(3),
      new p.AdaptiveMaxPool1d(2),
      new p.AdaptiveMaxPool1d(5),
    ];
    return { forward: ([x]) => all.map((module) => module.forward(x!)) };
  },
  adaptiveLayers2d: () => {
    const all = [new p.AdaptiveAvgPool2d([2, 3]), new p.AdaptiveMaxPool2d([2, null])];
    return { forward: ([x]) => all.map((module) => module.forward(x!)) };
  },
  groupNorm: ({ groups, eps }) =>
    of(new p.GroupNorm(groups as number, 4, eps as number | undefined), (m, x) => m.forward(x)),
  batchNorm: (args, [x]) => of(new p.BatchNorm(x!.shape[1]!, args), (m, x) => m.forward(x)),
  batchNormEval: () => of(new p.BatchNorm(4).eval(), (m, x) => m.forward(x)),
  gru: (args) => recurrent(new p.GRU(2, 3, random, args), ([hidden]) => ({ hidden: hidden! })),
  lstm: (args) => recurrent(new p.LSTM(2, 3, random, args), ([hidden, cell]) => ({ hidden: hidden!, cell: cell! })),
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
