/**
 * What LSTM and GRU share: the weights of gates, PyTorch's, a run that takes the input's part of all steps at once, and layers of
 * them in one direction or both.
 */

import { type Signature, signature, takeOnly } from "../graph/arguments.ts";
import { PlumblineError } from "../graph/error.ts";
import { describe, sizeOf } from "../graph/types.ts";
import { warn } from "../graph/warning.ts";
import { zeros } from "../tensor/creation.ts";
import { concat, stack } from "../tensor/functions.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import { Generator } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { StateEntry } from "../tensor/state_dict.ts";
import { mapTree } from "../tensor/tree.ts";
import type { Parameter } from "../tensor/variable.ts";
import { dropout } from "./dropout.ts";
import { drawParameter, eachMember, type Initializer, uniformInit } from "./init.ts";
import { Recurrent, runSteps } from "./recurrent.ts";
import { checkInput } from "./refuse.ts";

/** What a gated layer carries, `[..leading, hidden]` each. */
export interface GatedState {
  /** Any tensor of it, by name: a state is a tree that a scan carries. */
  readonly [key: string]: Tensor;
  /** What the layer gives, in (-1, 1). */
  readonly hidden: Tensor;
}

/** Settings of one recurrent layer. */
export interface GatedOptions {
  /**
   * As many layers side by side, each with weights of its own: entry `i` of the axis before the last goes through member `i`.
   * One for all unless told otherwise.
   */
  readonly members?: number;
  /** Weights of all gates together, `[gates * hidden, in]` and `[gates * hidden, hidden]`; PyTorch's default unless given. */
  readonly weightInit?: Initializer;
  /** Their biases; PyTorch's default unless given, no biases if `null`. */
  readonly biasInit?: Initializer | null;
}

/** Settings of {@linkcode LSTM} and {@linkcode GRU}. */
export interface RecurrentOptions extends GatedOptions {
  /** Layers one above the other, each with the outputs of the one below: 1 unless told otherwise. */
  readonly numLayers?: number;
  /** Whether each layer goes through the sequence from its end too; its outputs are those of both ways, side by side. */
  readonly bidirectional?: boolean;
  /** Whether sequences are `[batch, time, ..]`, not `[time, batch, ..]`. */
  readonly batchFirst?: boolean;
  /** The share of a layer's outputs that is dropped in training, before the layer above: 0 unless told otherwise. */
  readonly dropout?: number;
}

/** Settings of one gated layer, as arguments. */
const gatedKinds = {
  members: kind.count(1),
  weightInit: kind.callable,
  biasInit: kind.orNull(kind.callable),
} as const;

const features = kind.count(1);

/** What makes a gated layer, as arguments. */
export function gatedSignature(called: string): Signature {
  return signature(called, {
    inFeatures: features,
    hiddenFeatures: features,
    random: kind.hostRandom,
    options: kind.options<RecurrentOptions>({
      ...gatedKinds,
      numLayers: kind.count(1),
      bidirectional: kind.boolean,
      batchFirst: kind.boolean,
      dropout: kind.share,
    }, {
      bias: "without biases: { biasInit: null }.",
    }),
  });
}

/** What of the settings is that of each layer. */
export function singleOptions({ members, weightInit, biasInit }: RecurrentOptions): GatedOptions {
  return {
    ...members !== undefined && { members },
    ...weightInit && { weightInit },
    ...biasInit !== undefined && { biasInit },
  };
}

/** A recurrent layer `[..leading, in]` to `[..leading, hidden]`. */
export abstract class Gated<S extends GatedState> extends Recurrent<S> {
  /** `[gates * hidden, in]`; with members `[member, gates * hidden, in]`, and so on. */
  readonly weightInput: Parameter;
  /** `[gates * hidden, hidden]`. */
  readonly weightHidden: Parameter;
  /** `[gates * hidden]`; null without biases. */
  readonly biasInput: Parameter | null;
  /** `[gates * hidden]`; null without biases. */
  readonly biasHidden: Parameter | null;
  /** The layers above this first one and, with both directions, those that go from the end; all in PyTorch's order. */
  readonly deeper: readonly Gated<S>[];
  /** Layers one above the other. */
  readonly numLayers: number;
  /** Whether it goes both ways. */
  readonly bidirectional: boolean;
  /** Whether sequences are `[batch, time, ..]`. */
  readonly batchFirst: boolean;
  /** The share that is dropped between layers in training. */
  readonly dropout: number;
  /** What that is dropped by; null if nothing is. */
  readonly generator: Generator | null;
  readonly #members: readonly number[];

  /**
   * `gates` of them; weights are uniform in +-1 / sqrt(hidden), as in PyTorch, unless told otherwise. `another` makes a single layer like this one, for
   * other features.
   */
  constructor(
    gates: number,
    readonly inFeatures: number,
    readonly hiddenFeatures: number,
    random: HostRandom,
    options: RecurrentOptions,
    another: (inFeatures: number) => Gated<S>,
  ) {
    super();
    const { members, numLayers = 1, bidirectional = false, batchFirst = false, dropout = 0 } = options;
    const init = uniformInit(1 / Math.sqrt(hiddenFeatures));
    const { weightInit = init, biasInit = init } = options;
    this.numLayers = numLayers;
    this.bidirectional = bidirectional;
    this.batchFirst = batchFirst;
    const own = this.#members = members === undefined ? [] : [members];
    const rows = gates * hiddenFeatures;
    const drawn = (name: string, init: Initializer, ...shape: number[]): Parameter =>
      drawParameter(name, [...own, rows, ...shape], members === undefined ? init : eachMember(init), random);
    this.weightInput = drawn("weightInput", weightInit, inFeatures);
    this.weightHidden = drawn("weightHidden", weightInit, hiddenFeatures);
    this.biasInput = biasInit && drawn("biasInput", biasInit);
    this.biasHidden = biasInit && drawn("biasHidden", biasInit);
    const ways = bidirectional ? 2 : 1;
    this.deeper = Array.from({ length: numLayers * ways - 1 }, (_, i) => {
      return another(i + 1 < ways ? inFeatures : ways * hiddenFeatures);
    });
    this.dropout = dropout;
    this.generator = dropout > 0 && numLayers > 1 ? new Generator(random.bits()) : null;
    if (dropout > 0 && numLayers === 1) {
      warn({
        code: "G310",
        message: `\`dropout\` is between layers: a ${this.constructor.name} of one layer drops nothing`,
        sites: [{ site: this.weightInput.node.site, note: "made here" }],
        help: "drop what it gives: new Dropout(..).forward(output); or give it more: { numLayers: 2 }.",
      });
    }
  }

  /** All layers, in PyTorch's order. */
  get #cells(): readonly Gated<S>[] {
    return [this, ...this.deeper];
  }

  /** The shape of a state: with several layers or directions they have an axis of their own, before that of the features. */
  protected stateShape(leading: readonly number[]): number[] {
    return [...leading, ...(this.deeper.length > 0 ? [1 + this.deeper.length] : []), this.hiddenFeatures];
  }

  /**
   * For the library: its variables by PyTorch's names, `weight_ih_l0_reverse` and the like.
   *
   * @internal
   */
  override stateEntries(): StateEntry[] {
    const ways = this.bidirectional ? 2 : 1;
    const key = "generator.key";
    const random = this.generator ? [{ key, path: key, variable: this.generator.key }] : [];
    return [
      ...random,
      ...this.#cells.flatMap((cell, i) => {
        const suffix = `l${Math.floor(i / ways)}${i % ways === 1 ? "_reverse" : ""}`;
        const path = (name: string): string => i === 0 ? name : `deeper.${i - 1}.${name}`;
        const { weightInput, weightHidden, biasInput, biasHidden } = cell;
        const own = {
          weight_ih: { weightInput },
          weight_hh: { weightHidden },
          bias_ih: { biasInput },
          bias_hh: { biasHidden },
        };
        return Object.entries(own).flatMap(([key, named]) =>
          Object.entries(named).flatMap(([name, variable]) =>
            variable ? [{ key: `${key}_${suffix}`, path: path(name), variable }] : []
          )
        );
      }),
    ];
  }

  /** What is added to the input's part of the gates; null without biases. */
  protected abstract inputBias(): Tensor | null;
  /** The next state, from what input and hidden state say to the gates, `[.., gates * hidden]` each. */
  protected abstract next(state: S, fromInput: Tensor, fromHidden: Tensor): S;

  /**
   * One step: `x [..leading, in]` to the hidden state of the last layer, which is the output, and the next state.
   *
   * @throws RangeError if it goes both ways.
   */
  override step(x: Tensor, state: S): readonly [Tensor, S] {
    if (this.bidirectional) {
      throw new RangeError(
        `a ${this.constructor.name} that goes both ways has no single step: run() takes whole sequences.`,
      );
    }
    let y = x;
    const states = this.#cells.map((cell, i) => {
      const [hidden, next] = cell.#advance(cell.#fromInput(y), this.#stateOf(state, i));
      y = i < this.deeper.length ? this.#dropped(hidden) : hidden;
      return next;
    });
    return [y, this.#joined(states)];
  }

  /**
   * All hidden states of the last layer, `[time, ..leading, hidden]` (of both ways side by side), and the last state. Where `resets`
   * (bool `[time, ..]` over the first of the leading axes) is true, the state starts anew before that step: an episode began. With
   * `batchFirst` the first two axes of sequences are exchanged.
   *
   * @throws RangeError for `resets` if it goes both ways.
   */
  override run(x: Tensor, state?: S, resets?: Tensor): [Tensor, S] {
    if (this.bidirectional && resets) {
      throw new RangeError(
        `a ${this.constructor.name} that goes both ways takes no resets: what is to come has begun too.`,
      );
    }
    if (x.rank < (this.batchFirst ? 3 : 2)) {
      const axes = this.batchFirst ? "with batchFirst takes [batch, time, feature]" : "takes [time, .., feature]";
      throw new PlumblineError({
        code: "G301",
        message: `a ${this.constructor.name} ${axes}, not ${describe(x.node)}.`,
        made: [x.node],
      });
    }
    const exchanged = (y: Tensor): Tensor => this.batchFirst ? y.transpose(0, 1) : y;
    const sequence = exchanged(x);
    const initial = this.initialState(...sequence.shape.slice(1, -1));
    if (state) this.#checkState(state, initial);
    const start = state ?? initial;
    const ways = this.bidirectional ? 2 : 1;
    const states: S[] = [];
    let y = sequence;
    for (let layer = 0; layer < this.numLayers; layer++) {
      const outputs = this.#cells.slice(layer * ways, (layer + 1) * ways).map((cell, way) => {
        const [output, last] = cell.#runOne(
          y,
          this.#stateOf(start, layer * ways + way),
          way === 1,
          resets && exchanged(resets),
        );
        states.push(last);
        return output;
      });
      const output = outputs.length === 1 ? outputs[0]! : concat(outputs, -1);
      y = layer < this.numLayers - 1 ? this.#dropped(output) : output;
    }
    return [exchanged(y), this.#joined(states)];
  }

  /** What the layer above takes of a layer's outputs. */
  #dropped(output: Tensor): Tensor {
    return this.training && this.generator ? dropout(output, this.dropout, this.generator.next()) : output;
  }

  /** Throws G301 unless the state is one of these sequences. */
  #checkState(state: S, initial: S): void {
    for (const [name, { node, size }] of Object.entries(initial)) {
      const found: unknown = state[name];
      const missing = kind.isStrayPromise(found) ? ": `await` is missing" : "";
      const isTensor = found instanceof Tensor;
      if (isTensor && found.size === size) continue;
      throw new PlumblineError({
        code: "G301",
        message: `${kind.withArticle(this.constructor.name)} takes a state whose \`${name}\` is ${
          describe(node)
        } for these sequences, not ${
          isTensor ? describe(found.node) : found === undefined ? "none" : kind.told(found)
        }${missing}.`,
        made: isTensor ? [found.node] : [],
        help: "initialState() makes one, and run() gives the last.",
      });
    }
  }

  /** The state of one layer and direction. */
  #stateOf(state: S, index: number): S {
    return this.deeper.length === 0 ? state : mapTree(state, (y) => y.select(-2, index));
  }

  /** The states of all, as one. */
  #joined(states: readonly S[]): S {
    const [first] = states;
    if (states.length === 1) return first!;
    return Object.fromEntries(
      Object.keys(first!).map((name) => [name, stack(states.map((x) => x[name]!), -2)]),
    ) as unknown as S;
  }

  /** One layer in one direction. */
  #runOne(x: Tensor, state: S, reverse: boolean, resets: Tensor | undefined): [Tensor, S] {
    const leading = x.shape.slice(1, -1);
    // The leading axes as one, so that the product of a step is one of two matrices, or one for each member.
    const count = sizeOf(leading.slice(0, leading.length - this.#members.length));
    const rows = (y: Tensor, from: number): Tensor =>
      y.reshape(...y.shape.slice(0, from), count, ...this.#members, y.shape.at(-1)!);
    const start = mapTree(state, (x) => rows(x, 0));
    const [outputs, last] = runSteps(
      (x, state) => this.#advance(x, state),
      rows(this.#fromInput(x), 1),
      start,
      mapTree(start, (y) => zeros(y.shape)),
      resets && perRow(resets, leading.slice(0, leading.length - this.#members.length)),
      reverse,
    );
    const shaped = (y: Tensor, ...before: number[]): Tensor =>
      y.reshape(...before, ...leading, this.hiddenFeatures).named(...x.axes.slice(1 - before.length, -1), null);
    return [shaped(outputs, x.shape[0]!), mapTree(last, (y) => shaped(y))];
  }

  #fromInput(x: Tensor): Tensor {
    checkInput(
      this.constructor.name,
      { ...(this.#members.length > 0 ? { members: this.#members[0]! } : {}), inFeatures: this.inFeatures },
      x,
    );
    return product(x, this.weightInput, this.inputBias());
  }

  #advance(fromInput: Tensor, state: S): readonly [Tensor, S] {
    const next = this.next(state, fromInput, product(state.hidden, this.weightHidden));
    return [next.hidden, next];
  }
}

const state = kind.having("a state, as initialState() gives it,", { hidden: kind.tensor });
takeOnly(Gated, {
  step: { x: kind.tensor, state },
  run: { x: kind.tensor, state: kind.optional(state), resets: kind.optional(kind.tensor) },
}, ["stateEntries", "stateShape"]);

/** `x W^T + b` for `x [.., in]`; of weights `[member, out, in]` each member's for its entries of `x [.., member, in]`. */
function product(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const [out, features] = weight.shape.slice(-2) as [number, number];
  const shape = [...x.shape.slice(0, -1), out];
  if (weight.rank === 2) {
    const y = x.reshape(-1, features).matmul(weight.transpose());
    return (bias ? y.add(bias) : y).reshape(...shape);
  }
  const y = x.reshape(-1, weight.shape[0]!, features).permute(1, 0, 2).matmul(weight.transpose());
  return (bias ? y.add(bias.unsqueeze(1)) : y).permute(1, 0, 2).reshape(...shape);
}

/** Flags `[time, ..]` over the first of some leading axes, as flags of all rows: `[time, row]`. */
function perRow(flags: Tensor, leading: readonly number[]): Tensor {
  const time = flags.shape[0]!;
  const wide = flags.reshape(...flags.shape, ...leading.slice(flags.rank - 1).map(() => 1));
  return wide.expand(time, ...leading).reshape(time, -1);
}
