/** `--on ray`: what it can be asked for, and what is checked before anything is written. */

import { integer, type NumberOption, type Table, words } from "../../../systems/option.ts";
import type { Engine } from "../launcher.ts";
import { RayHead } from "./client.ts";
import { RayLauncher } from "./launcher.ts";

const options = {
  address: words("http://127.0.0.1:8265", "the head of Ray, as its dashboard is opened"),
  cpus: integer(1, 1024, 1, "cores of a run"),
  gpus: { ...integer(1, 64, 1, "GPUs of a run"), initial: null } as NumberOption<null>,
} as const satisfies Table;

/** What the options come to. */
interface Values {
  readonly address: string;
  readonly cpus: number;
  readonly gpus: number | null;
}

/** Ray. */
export const ray: Engine = {
  name: "ray",
  help: "jobs of Ray, whose nodes see the folder of the sweep and this library where they are here",
  options,
  async check(values) {
    const { address, cpus } = values as unknown as Values;
    const head = new RayHead(address);
    try {
      await head.check();
    } finally {
      await head.close();
    }
    return { threads: cpus };
  },
  open(work, values) {
    const { address, ...needs } = values as unknown as Values;
    return Promise.resolve(new RayLauncher(work, new RayHead(address), needs));
  },
};
