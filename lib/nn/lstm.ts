/** LSTM (Hochreiter and Schmidhuber 1997) as a scan, with PyTorch's weights and gate order. */

import { takeOnly } from "../graph/arguments.ts";
import { zeros } from "../tensor/creation.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Gated, gatedSignature, type GatedState, type RecurrentOptions, singleOptions } from "./gated.ts";

/** What an LSTM carries: hidden and cell state, `[..leading, hidden]`. */
export interface LSTMState extends GatedState {
  /** What it remembers. */
  readonly cell: Tensor;
}

const takesLSTM = gatedSignature("new LSTM()");

/** One layer or several over a sequence `[time, batch, in]`, or over any leading axes, in one direction or both. Gates: input, forget, cell, output. */
export class LSTM extends Gated<LSTMState> {
  /** Weights are uniform in +-1 / sqrt(hidden), as in PyTorch. */
  constructor(inFeatures: number, hiddenFeatures: number, random: HostRandom, options: RecurrentOptions = {}) {
    takesLSTM(arguments);
    const single = singleOptions(options);
    super(4, inFeatures, hiddenFeatures, random, options, (from) => {
      return new LSTM(from, hiddenFeatures, random, single);
    });
  }

  /** A state of zeros: `[..leading, hidden]`; with several layers or directions `[..leading, layer * direction, hidden]`. */
  override initialState(...leading: number[]): LSTMState {
    const shape = this.stateShape(leading);
    return { hidden: zeros(shape), cell: zeros(shape) };
  }

  /** Both biases: nothing stands between them. */
  protected override inputBias(): Tensor | null {
    return this.biasInput && this.biasInput.add(this.biasHidden!);
  }

  /** The cell forgets and takes in; the hidden state is what the output gate lets out of it. */
  protected override next(state: LSTMState, fromInput: Tensor, fromHidden: Tensor): LSTMState {
    const sizes = new Array<number>(4).fill(this.hiddenFeatures);
    const [i, f, g, o] = fromInput.add(fromHidden).split(sizes, -1) as [Tensor, Tensor, Tensor, Tensor];
    const cell = f.sigmoid().mul(state.cell).add(i.sigmoid().mul(g.tanh()));
    return { hidden: o.sigmoid().mul(cell.tanh()), cell };
  }
}

takeOnly(LSTM, { initialState: { "..leading": kind.count(0) } }, ["inputBias", "next"]);
