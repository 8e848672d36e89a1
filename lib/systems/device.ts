/** The device of a configuration, and how many threads compute where that is the CPU. */

import { useDevice } from "../engine/select.ts";
import { useThreads } from "../engine/threads.ts";
import type { CommonConfig } from "./settings.ts";
import { UsageError } from "./usage.ts";

/** Makes the device of a configuration that of the process. Throws a {@linkcode UsageError} if it cannot be had. */
export async function chooseDevice({ device, threads }: Pick<CommonConfig, "device" | "threads">): Promise<void> {
  useThreads(threads);
  try {
    await useDevice(device);
  } catch (error) {
    throw new UsageError(`--device ${device}: ${(error as Error).message}`);
  }
}
