/** `--on ray`: what it can be asked for, and what is checked before anything is written. */

import { type Table, words } from "../../../systems/option.ts";
import type { Engine } from "../launcher.ts";
import { type Needs, needs } from "../needs.ts";
import { RayHead } from "./client.ts";
import { RayLauncher } from "./launcher.ts";

const options = {
  address: words("http://127.0.0.1:8265", "ray: its head, as the dashboard is opened"),
  ...needs,
} as const satisfies Table;

/** What the options come to. */
interface Values extends Needs {
  readonly address: string;
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
  // How many fit is the cluster's to know.
  roomFor: () => Infinity,
  async open(work, values) {
    const { address, ...own } = values as unknown as Values;
    const head = new RayHead(address);
    try {
      return new RayLauncher(work, head, own);
    } catch (error) {
      await head.close();
      throw error;
    }
  },
};
