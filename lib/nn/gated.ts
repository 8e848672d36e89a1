/** What LSTM and GRU share: the weights of gates, PyTorch's, and a run that takes the input's part of all steps at once. */

import { type Signature, signature, takeOnly } from "../graph/arguments.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mapTree } from "../tensor/tree.ts";
import type { Parameter } from "../tensor/variable.ts";
import { drawParameter, uniformInit } from "./init.ts";
import { Recurrent, runSteps } from "./recurrent.ts";
import { checkInput } from "./refuse.ts";

/** What a gated layer carries, `[..leading, hidden]` each. */
export interface GatedState {
  /** Any tensor of it, by name: a state is a tree that a scan carries. */
  readonly [key: string]: Tensor;
  /** What the layer gives, in (-1, 1). */
  readonly hidden: Tensor;
}

/** Settings of {@linkcode LSTM} and {@linkcode GRU}. */
export interface GatedOptions {
  /**
   * As many layers side by side, each with weights of its own: entry `i` of the axis before the last goes through member `i`.
   * One for all unless told otherwise.
   */
  readonly members?: number;
}

/** Settings of gated layers, as an argument. */
export const gatedOptions: kind.Kind = kind.options<GatedOptions>({ members: kind.count(1) }, {
  numLayers: "it is one layer: give the outputs of one to the next.",
  bidirectional: "it goes forwards: flip(0) the sequence for another that goes backwards.",
});

const features = kind.count(1);

/** What makes a gated layer, as arguments. */
export function gatedSignature(called: string): Signature {
  return signature(called, {
    inFeatures: features,
    hiddenFeatures: features,
    random: kind.hostRandom,
    options: gatedOptions,
  });
}

/** A recurrent layer `[..leading, in]` to `[..leading, hidden]`. */
export abstract class Gated<S extends GatedState> extends Recurrent<S> {
  /** `[gates * hidden, in]`; with members `[member, gates * hidden, in]`, and so on. */
  readonly weightInput: Parameter;
  /** `[gates * hidden, hidden]`. */
  readonly weightHidden: Parameter;
  /** `[gates * hidden]`. */
  readonly biasInput: Parameter;
  /** `[gates * hidden]`. */
  readonly biasHidden: Parameter;
  readonly #members: readonly number[];

  /** `gates` of them; weights are uniform in +-1 / sqrt(hidden), as in PyTorch. */
  constructor(
    gates: number,
    readonly inFeatures: number,
    readonly hiddenFeatures: number,
    random: HostRandom,
    { members }: GatedOptions,
  ) {
    super();
    const init = uniformInit(1 / Math.sqrt(hiddenFeatures));
    const own = this.#members = members === undefined ? [] : [members];
    const rows = gates * hiddenFeatures;
    this.weightInput = drawParameter("weightInput", [...own, rows, inFeatures], init, random);
    this.weightHidden = drawParameter("weightHidden", [...own, rows, hiddenFeatures], init, random);
    this.biasInput = drawParameter("biasInput", [...own, rows], init, random);
    this.biasHidden = drawParameter("biasHidden", [...own, rows], init, random);
  }

  /** What is added to the input's part of the gates. */
  protected abstract inputBias(): Tensor;
  /** The next state, from what input and hidden state say to the gates, `[.., gates * hidden]` each. */
  protected abstract next(state: S, fromInput: Tensor, fromHidden: Tensor): S;

  /** One step: `x [..leading, in]` to the hidden state, which is the output, and the next state. */
  override step(x: Tensor, state: S): readonly [Tensor, S] {
    return this.#advance(this.#fromInput(x), state);
  }

  /**
   * All hidden states `[time, ..leading, hidden]` and the last state. Where `resets` (bool `[time, ..]` over the first of the
   * leading axes) is true, the state starts anew before that step: an episode began.
   */
  override run(x: Tensor, state: S = this.initialState(...x.shape.slice(1, -1)), resets?: Tensor): [Tensor, S] {
    const leading = x.shape.slice(1, -1);
    // The leading axes as one, so that the product of a step is one of two matrices, or one for each member.
    const rows = (y: Tensor, from: number): Tensor =>
      y.reshape(...y.shape.slice(0, from), -1, ...this.#members, y.shape.at(-1)!);
    const start = mapTree(state, (x) => rows(x, 0));
    const [outputs, last] = runSteps(
      (x, state) => this.#advance(x, state),
      rows(this.#fromInput(x), 1),
      start,
      this.initialState(...start.hidden.shape.slice(0, -1)),
      resets && perRow(resets, leading.slice(0, leading.length - this.#members.length)),
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
});

/** `x W^T + b` for `x [.., in]`; of weights `[member, out, in]` each member's for its entries of `x [.., member, in]`. */
function product(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
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
