import { rejects } from "node:assert/strict";
import { createTrainer } from "../../lib/train/create.ts";
import { defaults, parseConfig } from "../../lib/train/config.ts";
import { UsageError } from "../../lib/train/error.ts";

Deno.test("createTrainer() says what a world refuses as a fault of the command", async () => {
  const config = parseConfig({ ...defaults, nAgents: 100, device: "cpu" });
  const sentence = "navigation: nAgents is a whole number, from 1 to 64, not 100.";
  await rejects(createTrainer(config), (error) => error instanceof UsageError && error.message === sentence);
});
