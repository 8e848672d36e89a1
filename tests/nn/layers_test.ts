/** Losses and layers against PyTorch: values, gradients and second derivatives, eager and compiled, on both engines. */

import { deepStrictEqual as equal } from "node:assert";
import { compile, type Tensor } from "../../mod.ts";
import { evaluate } from "../../lib/tensor/settle.ts";
import { onCpu, onEachEngine } from "../engines.ts";
import { checkNumbers, readFixture, toTensor } from "../fixtures/pytorch.ts";
import { byOperation, type Comparison, comparisonsOf, type OperationRow } from "../ops/pytorch.ts";
import { layerNames, makeLayer } from "./layer_table.ts";

interface LayerRow extends OperationRow {
  /** The last inputs: parameters by PyTorch's names. */
  readonly parameters?: readonly string[];
}

const rows = await readFixture<LayerRow>("layers");

interface Prepared {
  readonly state: Parameters<typeof compile>[1];
  readonly inputs: readonly Tensor[];
  readonly compare: (inputs: readonly Tensor[]) => Comparison[];
}

/** A case with PyTorch's weights: what is compared is made from inputs. */
function prepare(row: LayerRow): Prepared {
  const { parameters: names = [] } = row;
  const all = row.inputs.map(toTensor);
  const inputs = all.slice(0, all.length - names.length);
  const { module, forward } = makeLayer(row.op, row.args, inputs);
  // Running statistics are not among the parameters of a case.
  const weights = Object.fromEntries(names.map((name, i) => [name, all[inputs.length + i]!]));
  const result = module?.loadStateDict(weights, { strict: false });
  equal((result?.missingKeys ?? []).filter((key) => !/running|tracked/.test(key)), []);
  equal(result?.unexpectedKeys ?? [], []);
  const learned = names.map((name) => module!.stateDict()[name]!);
  const compare = (inputs: readonly Tensor[]): Comparison[] => {
    const result = forward(inputs);
    const outputs = Array.isArray(result) ? result as readonly Tensor[] : [result as Tensor];
    return comparisonsOf(row, outputs, [...inputs.filter((x) => x.dtype === "float32"), ...learned]);
  };
  return { state: module ? { state: module } : {}, inputs, compare };
}

async function check(list: readonly Comparison[], values: readonly Tensor[]): Promise<void> {
  for (const [i, { what, expected, floor }] of list.entries()) {
    checkNumbers(await values[i]!.data(), expected, 2e-5, what, floor);
  }
}

/** Layers that are made of others which have a case of their own: of these a software GPU is spared the shaders. */
const composed = [
  "multihead",
  "multiheadMasked",
  "multiheadWeights",
  "adaptivePool1d",
  "adaptiveLayers2d",
  "transformerBlock",
  "sequential",
  "convLayer2d",
  "convLayer1d",
  "pool1d",
]
  .concat(["activations", "nllLoss", "klDivData", "lstm"]);

/** What a software GPU has time for: a case, without its second derivative where that takes many shaders. */
function fewShaders([first]: readonly LayerRow[]): LayerRow[] {
  const { second: _, ...firstOrder } = first!;
  return [/^(sdpa|gru|conv)/.test(first!.op) ? firstOrder : first!];
}

for (const [op, all] of byOperation(rows)) {
  const list = all as readonly LayerRow[];
  const register = composed.includes(op) ? onCpu : onEachEngine;
  register(`${op} agrees with PyTorch, with its derivatives, uncompiled and compiled`, async ({ name }) => {
    for (const [i, row] of (name === "cpu" ? list : fewShaders(list)).entries()) {
      const { inputs, compare, state } = prepare(row);
      const compiled = compile((...xs: Tensor[]) => compare(xs).map((x) => x.actual), {
        ...state,
        checkNumerics: false,
      });
      const eager = compare(inputs);
      await check(eager, await compiled(...inputs));
      // The nodes are the same: one case of each tells whether they are computed at once too.
      if (i > 0 || name === "webgpu") continue;
      await evaluate(eager.map((x) => x.actual.node));
      await check(eager, eager.map((x) => x.actual));
    }
  });
}

Deno.test("every loss and layer that the tests can call is in the fixture", () => {
  equal([...byOperation(rows).keys()].toSorted(), layerNames.toSorted());
});
