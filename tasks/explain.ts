/** `deno task explain G101`: what an error code means. Without a code it lists them all. */

import { codes, explain } from "../lib/forensics/codes.ts";

const [code] = Deno.args;
try {
  console.log(
    code
      ? explain(code.toUpperCase())
      : Object.entries(codes).map(([code, { title }]) => `${code}  ${title}`).join("\n"),
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(2);
}
