/** A program for limits_test.ts: prints by how many bytes the process grows that reads 2^26 numbers which are all equal. */

import { full, useDevice } from "../../mod.ts";

await useDevice("cpu");
const before = Deno.memoryUsage().rss;
const numbers = await full([2 ** 26], 3).data();
console.log(JSON.stringify({ used: Deno.memoryUsage().rss - before, byteLength: numbers.byteLength }));
Deno.exit(numbers.at(-1) === 3 ? 0 : 1);
