/** The worker of cpu_program.ts. */

import { tensor, useDevice } from "../../mod.ts";

await useDevice("cpu");
const { postMessage } = globalThis as unknown as { postMessage(message: unknown): void };
postMessage(await tensor([1, 2]).add(1).sum().item());
