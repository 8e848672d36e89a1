/** A process with workers that is over, in one way or another. */

import { Pool } from "../../lib/worlds/host/pool.ts";
import { walk } from "./host_worlds.ts";

const pool = await Pool.start(walk(2), 4, [0, 0]);
await pool.step();
console.log("stepped");
if (Deno.args[0] === "dispose") pool.dispose();
if (Deno.args[0] === "throw") throw new Error("over");
