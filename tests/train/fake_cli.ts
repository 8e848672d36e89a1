/** `deno task train` with the fake trainer, for tests that need a process. FAKE holds its options as JSON. */

import { type Host, processHost } from "../../lib/train/loop/host.ts";
import { main } from "../../lib/train/command/main.ts";
import { FakeTrainer } from "./fake_trainer.ts";

const options = JSON.parse(Deno.env.get("FAKE") ?? "{}");
const createTrainer: Host["createTrainer"] = (_, config) => Promise.resolve(new FakeTrainer(config, options));
Deno.exit(await main(Deno.args, { ...processHost(), createTrainer }));
