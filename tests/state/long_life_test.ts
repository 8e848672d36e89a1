/** Long sessions: what nobody has any more is given back, and steps cost no memory that stays. STEPS=20000 for as many of them, and the figures. */

import assert from "node:assert/strict";
import { onEngine } from "../engines.ts";

const script = new URL("long_life.ts", import.meta.url).pathname;

async function measured(...args: string[]): Promise<never> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", script, ...args],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as never;
}

const wanted = Deno.env.get("STEPS");
const steps = wanted ?? "150";

// What Dawn holds it gives back itself when nothing refers to it.
onEngine(
  "cpu",
  "compiled functions that nobody has any more are given back, though nobody disposed of them",
  async () => {
    const [held, ofOne] = await measured("abandoned", "cpu") as [number, number];
    assert.ok(held < 3 * ofOne, `${held} bytes are held of 11 functions, ${ofOne} of one`);
  },
);

for (const device of ["cpu", "webgpu"] as const) {
  onEngine(device, "memory stands still over steps, compiled or not, read or not", async () => {
    const grown = await measured("steps", device, steps) as Record<string, number>;
    if (wanted !== undefined) console.log(device, `bytes after the first tenth of ${steps} steps:`, grown);
    // What is kept of the last reads fills up over some thousands of them. Steps that kept their graphs would make 10 MB.
    for (const [kind, bytes] of Object.entries(grown)) assert.ok(bytes < 5e6, `${kind}: ${bytes} bytes`);
  });
}
