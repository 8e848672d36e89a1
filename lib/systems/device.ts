/** The device of a configuration. */

import { useDevice } from "../engine/select.ts";
import type { CommonConfig } from "./settings.ts";
import { UsageError } from "./usage.ts";

/** Makes `device` that of the process. Throws a {@linkcode UsageError} if it cannot be had. */
export async function chooseDevice(device: CommonConfig["device"]): Promise<void> {
  try {
    await useDevice(device);
  } catch (error) {
    throw new UsageError(`--device ${device}: ${(error as Error).message}`);
  }
}
