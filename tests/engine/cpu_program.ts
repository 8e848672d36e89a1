/** A program of its own: 5, computed on the CPU engine; with the argument `worker`, in one. */

import { tensor, useDevice } from "../../mod.ts";

if (Deno.args[0] === "worker") {
  const worker = new Worker(new URL("./cpu_worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => {
    console.log(data);
    worker.terminate();
  };
} else {
  await useDevice("cpu");
  console.log(await tensor([1, 2]).add(1).sum().item());
}
