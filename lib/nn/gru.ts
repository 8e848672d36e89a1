/** GRU (Cho et al. 2014) as a scan, with PyTorch's weights, gate order and place of the reset gate. */

import { takeOnly } from "../graph/arguments.ts";
import { zeros } from "../tensor/creation.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import * as kind from "../tensor/kinds.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Gated, gatedSignature, type GatedState, type RecurrentOptions, singleOptions } from "./gated.ts";

/** What a GRU carries: its hidden state, `[..leading, hidden]`. */
export type GRUState = GatedState;

const takesGRU = gatedSignature("new GRU()");

/** One layer or several over a sequence `[time, batch, in]`, or over any leading axes, in one direction or both. Gates: reset, update, new. */
export class GRU extends Gated<GRUState> {
  /** Weights are uniform in +-1 / sqrt(hidden), as in PyTorch. */
  constructor(inFeatures: number, hiddenFeatures: number, random: HostRandom, options: RecurrentOptions = {}) {
    takesGRU(arguments);
    const single = singleOptions(options);
    super(3, inFeatures, hiddenFeatures, random, options, (from) => {
      return new GRU(from, hiddenFeatures, random, single);
    });
  }

  /** A state of zeros: `[..leading, hidden]`; with several layers or directions `[..leading, layer * direction, hidden]`. */
  override initialState(...leading: number[]): GRUState {
    return { hidden: zeros(this.stateShape(leading)) };
  }

  /** That of the input alone: the reset gate stands before that of the hidden state. */
  protected override inputBias(): Tensor | null {
    return this.biasInput;
  }

  /** The hidden state, or the new one, as the update gate says. */
  protected override next({ hidden }: GRUState, fromInput: Tensor, fromHidden: Tensor): GRUState {
    const sizes = new Array<number>(3).fill(this.hiddenFeatures);
    const [r, z, n] = fromInput.split(sizes, -1) as [Tensor, Tensor, Tensor];
    const biased = this.biasHidden ? fromHidden.add(this.biasHidden) : fromHidden;
    const [hr, hz, hn] = biased.split(sizes, -1) as [Tensor, Tensor, Tensor];
    const fresh = n.add(r.add(hr).sigmoid().mul(hn)).tanh();
    // (1 - z) fresh + z hidden
    return { hidden: fresh.add(z.add(hz).sigmoid().mul(hidden.sub(fresh))) };
  }
}

takeOnly(GRU, { initialState: { "..leading": kind.count(0) } }, ["inputBias", "next"]);
