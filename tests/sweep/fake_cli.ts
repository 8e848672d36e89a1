/** `deno task sweep` whose runs are trained by the fake trainer, for tests that need processes. FAKE holds its options as JSON. */

import { fileURLToPath } from "node:url";
import { processHost } from "../../lib/train/loop/host.ts";
import { sweepMain } from "../../lib/train/sweep/main.ts";

const fake = fileURLToPath(new URL("../train/fake_cli.ts", import.meta.url));
const train = [Deno.execPath(), "run", "--no-check", "-A", fake];
Deno.exit(await sweepMain(Deno.args, { ...processHost(), train, sweep: [] }));
