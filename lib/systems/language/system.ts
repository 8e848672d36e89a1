/** Models of text: stories, sums that can be checked, code, and files of one's own, by several ways to weigh tokens ahead. */

import { LanguageTrainer } from "../../lm/trainer.ts";
import { chooseDevice } from "../device.ts";
import { flagOf, type Table } from "../option.ts";
import type { Config } from "../settings.ts";
import type { Headline, System } from "../system.ts";
import { counted } from "../text.ts";
import { UsageError } from "../usage.ts";
import { corpusOf } from "./data.ts";
import { evaluation } from "./evaluation.ts";
import { exportLook } from "./export.ts";
import { generation } from "./generation.ts";
import { picture } from "./picture.ts";
import { algorithms, contextRow, modelRows, presetOf, sumsRows, textRows, trainerOptions } from "./settings.ts";

const headline: Headline = {
  metric: "train/bits_per_byte",
  evaluation: "eval/bits_per_byte",
  name: "bits a byte",
  title: "bits a byte (of the next one)",
  better: "lower",
};

/** Throws a UsageError for a model that cannot be. */
function checkTask({ dModel, numLayers, numHeads, predictions = 1 }: Config): void {
  if (Number(dModel) % (2 * Number(numHeads)) !== 0) {
    throw new UsageError(
      `--d-model ${dModel} is no multiple of ${2 * Number(numHeads)}: ${
        counted(Number(numHeads), "head")
      } of attention share it, and positions turn pairs.`,
    );
  }
  if (Number(predictions) < Number(numLayers)) return;
  throw new UsageError(
    `--predictions ${predictions} of one layer each leave none of --num-layers ${numLayers} for the trunk: it takes at most ${
      Number(numLayers) - 1
    }.`,
  );
}

function check(config: Config): void {
  checkTask(config);
  const { batchSize, accumulate, weigher = "critic", scenarioName, nIters } = config;
  if (Number(batchSize) % Number(accumulate) !== 0) {
    throw new UsageError(`--accumulate ${accumulate} does not divide --batch-size ${batchSize}.`);
  }
  const rows = Number(batchSize) / Number(accumulate);
  if (weigher === "shuffled" && rows % 2 !== 0) {
    throw new UsageError(
      `--weigher shuffled has rows exchange their weights in pairs: --batch-size / --accumulate, ${rows} here, is even.`,
    );
  }
  if (config.algorithm === "rho1-tokenskip" && Number(accumulate) > 1) {
    throw new UsageError(
      "--accumulate is not for rho1-tokenskip, which chooses among all bytes of a batch: take a smaller --batch-size.",
    );
  }
  if (weigher === "oracle" && scenarioName !== "sums") {
    throw new UsageError(`--weigher oracle is for sums: nobody knows what is to come in ${scenarioName}.`);
  }
  const { pretrainIters, stage1Iters } = trainerOptions(config);
  const [pretrain, stage1] = ["pretrainShare", "stage1Share"].map(flagOf);
  if (stage1Iters > 0 && pretrainIters + stage1Iters >= nIters) {
    throw new UsageError(`${pretrain} and ${stage1} leave no iterations for stage 2 of ${nIters}: lower one of them.`);
  }
}

function describe(config: Config, parameters: number): string[] {
  const { scenarioName, algorithm, seed, batchSize, batchesPerIteration, numLayers, dModel } = config;
  const { predictions, pretrainIters, stage1Iters } = trainerOptions(config);
  const ahead = predictions === 1 ? "the next byte" : `${predictions} bytes ahead`;
  const stages = `, ${counted(pretrainIters, "iteration")} with even weights, ${stage1Iters} of stage 1`;
  return [
    `${scenarioName}, ${algorithm}, seed ${seed}: ${
      parameters.toLocaleString("en-US")
    } parameters, ${numLayers} layers of ${dModel}, ${ahead}`,
    `${counted(Number(batchesPerIteration), "batch", "es")} of ${counted(Number(batchSize), "row")} an iteration${
      config.stage1Share === undefined ? "" : stages
    }`,
  ];
}

function languageSystem(title: string, scenario: string, help: string, task: Table): System {
  return {
    ...{ title, headline, evaluation, picture, generation, exports: exportLook, check, checkTask, algorithms },
    scenarios: { [scenario]: help },
    task: { ...task, ...modelRows },
    presets: ["tuned"],
    preset: (_name, scenario, algorithm) => presetOf(scenario, algorithm),
    presetBelow: () => "tuned",
    endsWith: () => "the cosine schedule of --lr",
    unit: "bytes",
    async create(config) {
      const corpus = corpusOf(config);
      await chooseDevice(config);
      return await LanguageTrainer.create(corpus, trainerOptions(config));
    },
    describe: (config, { parameters }) => describe(config, parameters),
  };
}

/** See the file's first line. */
export const language: readonly System[] = [
  languageSystem("stories", "stories", "templated stories whose people have random names", contextRow),
  languageSystem("sums", "sums", "sums, some of them wrong, and a reward for those that are right", sumsRows),
  languageSystem("source code", "code", "the JavaScript of vega-lite 6.5.0, of the 3-clause BSD licence", contextRow),
  languageSystem("text of your own", "text", "a file of yours", { ...contextRow, ...textRows }),
];
