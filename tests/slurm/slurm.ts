/** Run by `deno task test` where `.ci/run` says so: it installs a Slurm. */

import { assertSurvives } from "./on_slurm.ts";

Deno.test("a sweep on Slurm, disturbed by scancel, requeue and a killed daemon, ends as by processes, bit for bit", () =>
  assertSurvives({ seeds: 1, nIters: 12, givenUp: false }));
