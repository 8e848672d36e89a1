/** The calls of language models and their heads. */

import * as p from "../../mod.ts";
import { type Call, calls, makes, maybe, method, options, own } from "./parameters.ts";

const random = new p.HostRandom(0);
const symbols = p.tensor([[0, 1, 2]], { dtype: "int32" });
const values = p.tensor([[1, 2, 3]]);
const heads = p.zeros([1, 3, 2]);
const mask = p.ones([1, 3, 2], { dtype: "bool" });
const counted = p.ones([1, 3], { dtype: "bool" });
const model = new p.LanguageModel(random, { dModel: 8, numLayers: 2, numHeads: 2, predictions: 1 });
const aRow = own(values, null, 3, "x", [1], heads, {});
const aCount = own(2, null, "2", 0, 0.5, [2]);
const someHeads = own(heads, null, 3, values, mask, [1]);
const aMask = own(mask, null, true, heads, counted);
const aShare = maybe(own(0.5, null, "0.5", -1, 2, values));
const parts = { rewards: values, values, valid: counted, terminal: true };
const drawn = { text: new Uint8Array(3), heads: 2, weights: new Float32Array(6), deltas: [0, 0, 0] };

/** See the file's first line. */
export const language: readonly Call[] = [
  calls("lookAhead", p.lookAhead, own(values, null, 3, heads, [[1]]), own(2, null, "1", 0, 1.5, 2 ** 53, 1e308)),
  calls(
    "headTargets",
    p.headTargets,
    own(symbols, null, 3, values, [[1]]),
    aCount,
    maybe(own(counted, null, 1, values, mask)),
  ),
  calls(
    "headWeights",
    p.headWeights,
    someHeads,
    aMask,
    options({ temperature: 1 }, { temperature: 0 }, { temperature: "1" }, { differentiable: 1 }),
  ),
  calls("multiTokenLoss", p.multiTokenLoss, someHeads, someHeads, aMask),
  calls("valueDeltas", p.valueDeltas, aRow, aShare),
  calls(
    "valueTargets",
    p.valueTargets,
    own(parts, null, 3, values, { ...parts, rewards: 1 }, { ...parts, valid: values }, { rewards: values }),
    options({ gamma: 0.9 }, { gamma: 2 }, { lmbda: "1" }),
  ),
  makes(
    p.LanguageModel,
    own(random, null, 0, { seed: 0 }),
    options({ dModel: 8, numHeads: 2 }, { dModel: 6 }, { numLayers: 2 }, { predictions: 0 }, { vocabulary: "256" }),
  ),
  method("LanguageModel", model, "forward", own(symbols, null, 3, [[1]], values)),
  method("LanguageModel", model, "hidden", own(symbols, null, 3, [[1]], values)),
  method("LanguageModel", model, "ahead", own(p.zeros([1, 3, 8]), null, 3, values), own(0, null, "0", 1, -1, 0.5)),
  method("LanguageModel", model, "logits", own(p.zeros([1, 3, 8]), null, 3, values), own(0, null, "0", 1, -1, 0.5)),
  method("LanguageModel", model, "unembed", own(p.zeros([1, 8]), null, 3, values)),
  calls(
    "headMap",
    p.headMap,
    own(drawn, null, 3, { ...drawn, text: "abc" }, { ...drawn, weights: [1] }, { ...drawn, heads: 0 }),
    options({ title: "x" }, { title: 3 }, { subtitle: null }),
  ),
];
