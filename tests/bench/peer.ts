/** A contestant for tests: takes as many milliseconds as its argument says, and fails on request. */

import process from "node:process";
import { serve } from "../../tasks/bench/serve.ts";

const wait = Number(process.argv[2]);
console.log("libraries talk on the standard output");
await serve((name) => {
  if (name === "missing") return Promise.reject(new Error("this peer has no such case."));
  if (name === "crash") process.exit(1);
  return Promise.resolve(async () => {
    await new Promise((resolve) => setTimeout(resolve, wait));
    return { turns: 1 };
  });
});
