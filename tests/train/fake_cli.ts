/** `deno task train` with the fake trainer, for tests that need a process. FAKE holds its options as JSON. */

import { processHost } from "../../lib/train/loop/host.ts";
import { main } from "../../lib/train/command/main.ts";
import { FakeTrainer } from "./fake_trainer.ts";

const options = JSON.parse(Deno.env.get("FAKE") ?? "{}");
Deno.exit(await main(Deno.args, processHost((config) => Promise.resolve(new FakeTrainer(config, options)))));
