/** An MLP that remembers: its last hidden layer is an LSTM or a GRU. */

import { signature, takeOnly } from "../graph/arguments.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kinds from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GRU } from "./gru.ts";
import { MLP, mlpSizes, sizesOf } from "./layers.ts";
import { LSTM } from "./lstm.ts";
import type { GatedOptions, GatedState } from "./gated.ts";
import type { Initializer } from "./init.ts";
import { Recurrent } from "./recurrent.ts";
import { StackedMLP } from "./stacked.ts";

/** The recurrent layers that there are, by name. */
export type RecurrentKind = "lstm" | "gru";

/** Settings of {@linkcode RecurrentMLP}. */
export interface RecurrentMLPOptions {
  /** As many networks side by side, each with weights of its own; one for all unless told otherwise. */
  readonly members?: number;
  /** Weights of the layers before the recurrent one. */
  readonly weightInit?: Initializer;
  /** Weights of the recurrent layer, see {@linkcode GatedOptions.weightInit}. */
  readonly cellInit?: Initializer;
  /** Weights of the last layer. */
  readonly outputInit?: Initializer;
  /** Biases of all layers. */
  readonly biasInit?: Initializer;
}

const takesRecurrent = signature("new RecurrentMLP()", {
  kind: kinds.text,
  sizes: mlpSizes,
  random: kinds.hostRandom,
  options: kinds.options<RecurrentMLPOptions>({
    members: kinds.count(1),
    weightInit: kinds.callable,
    cellInit: kinds.callable,
    outputInit: kinds.callable,
    biasInit: kinds.callable,
  }, {
    numLayers: "it is one layer: a network of your own may have more.",
    bidirectional: "it remembers what it has seen, and cannot know what is to come.",
  }),
});

/**
 * Linear layers with tanh, then an LSTM or a GRU, then a linear layer. With `members`, as many of them side by side, each with
 * weights of its own, as in a {@linkcode StackedMLP}.
 *
 * @example
 * ```ts
 * import { HostRandom, RecurrentMLP, zeros } from "@plumbline/plumbline";
 *
 * const net = new RecurrentMLP("gru", [18, 64, 64, 4], new HostRandom(0));
 * const [output, state] = net.step(zeros([60, 3, 18]), net.initialState(60, 3)); // [env, agent, feature]
 * console.log(output.shape, state.hidden.shape); // [ 60, 3, 4 ] [ 60, 3, 64 ]
 * ```
 */
export class RecurrentMLP extends Recurrent<GatedState> {
  /** The hidden layers before the recurrent one; null if there are none. */
  readonly encoder: MLP | StackedMLP | null;
  /** The last hidden layer. */
  readonly cell: Recurrent<GatedState>;
  /** The output layer. */
  readonly head: MLP | StackedMLP;

  /**
   * `sizes` are those of the input, the hidden layers (the last of them is the recurrent one) and the output.
   *
   * @throws RangeError for another kind, or sizes without a hidden layer.
   */
  constructor(
    kind: RecurrentKind,
    readonly sizes: readonly number[],
    random: HostRandom,
    options: RecurrentMLPOptions = {},
  ) {
    takesRecurrent(arguments);
    super();
    const steps = sizesOf(sizes);
    if (steps.length < 2) {
      throw new RangeError(`a recurrent MLP needs a hidden layer, which remembers; it was given the sizes [${sizes}].`);
    }
    const [[from, hidden], [, to]] = steps.slice(-2) as [[number, number], [number, number]];
    const { members, weightInit, cellInit, outputInit, biasInit } = options;
    const layers = (sizes: readonly number[], init: Initializer | undefined): MLP | StackedMLP => {
      const given = { ...init && { weightInit: init }, ...biasInit && { biasInit } };
      return members === undefined ? new MLP(sizes, random, given) : new StackedMLP(members, sizes, random, given);
    };
    this.encoder = steps.length > 2 ? layers(sizes.slice(0, -2), weightInit) : null;
    this.cell = cellOf(kind, from, hidden, random, {
      ...members !== undefined && { members },
      ...cellInit && { weightInit: cellInit },
      ...biasInit && { biasInit },
    });
    this.head = layers([hidden, to], outputInit);
  }

  /** A state of zeros. With members the last of the leading axes is theirs. */
  override initialState(...leading: number[]): GatedState {
    return this.cell.initialState(...leading);
  }

  /** `[..leading, in]` to `[..leading, out]` and the next state. */
  override step(x: Tensor, state: GatedState): readonly [Tensor, GatedState] {
    const [hidden, next] = this.cell.step(this.#encoded(x), state);
    return [this.head.forward(hidden), next];
  }

  /** As {@linkcode Recurrent.run}; all layers but the recurrent one see all steps at once. */
  override run(x: Tensor, state?: GatedState, resets?: Tensor): [Tensor, GatedState] {
    const [hidden, last] = this.cell.run(this.#encoded(x), state, resets);
    return [this.head.forward(hidden), last];
  }

  #encoded(x: Tensor): Tensor {
    return this.encoder ? this.encoder.forward(x).tanh() : x;
  }
}

function cellOf(
  kind: RecurrentKind,
  from: number,
  hidden: number,
  random: HostRandom,
  options: GatedOptions,
): Recurrent<GatedState> {
  if (kind === "lstm") return new LSTM(from, hidden, random, options);
  if (kind === "gru") return new GRU(from, hidden, random, options);
  throw new RangeError(`a recurrent layer is "lstm" or "gru", not ${kinds.shown(kind)}.`);
}

const state = kinds.having("a state, as initialState() gives it,", { hidden: kinds.tensor });
takeOnly(RecurrentMLP, {
  initialState: { "..leading": kinds.count(0) },
  step: { x: kinds.tensor, state },
  run: { x: kinds.tensor, state: kinds.optional(state), resets: kinds.optional(kinds.tensor) },
});
