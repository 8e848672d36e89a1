/** LSTM (Hochreiter and Schmidhuber 1997) as a scan, with PyTorch's weights and gate order. */

import { zeros } from "../tensor/creation.ts";
import type { HostRandom } from "../tensor/host_random.ts";
import { scan } from "../tensor/scan.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Parameter } from "../tensor/variable.ts";
import { drawParameter, uniformInit } from "./init.ts";
import { Module } from "./module.ts";
import { checkInput } from "./refuse.ts";

/** What an LSTM carries: hidden and cell state, `[batch, hidden]`. */
export interface LSTMState {
  /** Either of them, by name: a state is a tree that a scan carries. */
  readonly [key: string]: Tensor;
  /** What the layer gives, in (-1, 1). */
  readonly hidden: Tensor;
  /** What it remembers. */
  readonly cell: Tensor;
}

/** One layer over a sequence `[time, batch, in]`. */
export class LSTM extends Module {
  /** `[4 hidden, in]`: input, forget, cell and output gate. */
  readonly weightInput: Parameter;
  /** `[4 hidden, hidden]`. */
  readonly weightHidden: Parameter;
  /** `[4 hidden]`. */
  readonly biasInput: Parameter;
  /** `[4 hidden]`. */
  readonly biasHidden: Parameter;

  /** Weights are uniform in +-1 / sqrt(hidden), as in PyTorch. */
  constructor(readonly inFeatures: number, readonly hiddenFeatures: number, random: HostRandom) {
    super();
    const init = uniformInit(1 / Math.sqrt(hiddenFeatures));
    const rows = 4 * hiddenFeatures;
    this.weightInput = drawParameter("weightInput", [rows, inFeatures], init, random);
    this.weightHidden = drawParameter("weightHidden", [rows, hiddenFeatures], init, random);
    this.biasInput = drawParameter("biasInput", [rows], init, random);
    this.biasHidden = drawParameter("biasHidden", [rows], init, random);
  }

  /** A state of zeros. */
  initialState(batch: number): LSTMState {
    return { hidden: zeros([batch, this.hiddenFeatures]), cell: zeros([batch, this.hiddenFeatures]) };
  }

  /** One step: the next state, from the input's share of the gates `[batch, 4 hidden]`. */
  #step(state: LSTMState, gates: Tensor): LSTMState {
    const all = gates.add(state.hidden.matmul(this.weightHidden.transpose()));
    const [i, f, g, o] = all.split(new Array<number>(4).fill(this.hiddenFeatures), -1) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const cell = f.sigmoid().mul(state.cell).add(i.sigmoid().mul(g.tanh()));
    return { hidden: o.sigmoid().mul(cell.tanh()), cell };
  }

  /**
   * All hidden states `[time, batch, hidden]` and the last state. Where `resets` (bool `[time, batch]`) is true, the state is
   * zeroed before that step: an episode began.
   */
  run(x: Tensor, state: LSTMState = this.initialState(x.shape[1]!), resets?: Tensor): [Tensor, LSTMState] {
    checkInput("LSTM", { inFeatures: this.inFeatures }, x);
    const [time, batch] = x.shape as [number, number];
    const flat = x.reshape(time * batch, this.inFeatures).matmul(this.weightInput.transpose());
    const gates = flat.add(this.biasInput.add(this.biasHidden)).reshape(time, batch, 4 * this.hiddenFeatures);
    const keep = resets ? { keep: resets.not().cast("float32").unsqueeze(-1) } : {};
    const step = (carried: LSTMState, input: { gates: Tensor; keep?: Tensor }): [LSTMState, Tensor] => {
      const start = input.keep
        ? { hidden: carried.hidden.mul(input.keep), cell: carried.cell.mul(input.keep) }
        : carried;
      const next = this.#step(start, input.gates);
      return [next, next.hidden];
    };
    const [last, outputs] = scan(step, state, { gates, ...keep } as { gates: Tensor });
    return [outputs, last];
  }

  /** All hidden states of a sequence that starts from zeros. */
  forward(x: Tensor): Tensor {
    return this.run(x)[0];
  }
}
