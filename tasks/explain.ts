/** `deno task explain G101`: what an error code means. Without a code, and for `--help`, it lists them all. */

import { codes, explain } from "../lib/forensics/pages/codes.ts";

const [code] = Deno.args.filter((arg) => arg !== "--help");
try {
  console.log(
    code
      ? explain(code.toUpperCase())
      : `Usage: deno task explain CODE\n\n${
        Object.entries(codes).map(([code, { title }]) => `${code}  ${title}`).join("\n")
      }`,
  );
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(2);
}
