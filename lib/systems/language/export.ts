/** A model of text as a file for others. */

import type { LanguageTrainer } from "../../lm/trainer.ts";
import { choice } from "../option.ts";
import { type Exported, type Look, look } from "../system.ts";

/** `deno task export` of language models. */
export const exportLook: Look<Exported> = look({
  options: { format: choice(["onnx", "safetensors"], "onnx", "a program, or all weights") },
  notes: [
    "Of text: onnx is the next byte's logits [1, time, 256] for tokens int32 [1, time]; safetensors has PyTorch's names.",
  ],
  async run(subject, { format }) {
    const trainer = await subject.trainer() as unknown as LanguageTrainer;
    try {
      if (format === "onnx") return { file: "model.onnx", content: await trainer.modelOnnx(), lines: [] };
      const { scenarioName, algorithm } = subject.config;
      const metadata = { scenario: scenarioName, algorithm };
      return { file: "model.safetensors", content: { tensors: await trainer.weights(), metadata }, lines: [] };
    } finally {
      trainer.dispose();
    }
  },
});
