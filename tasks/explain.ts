/** `deno task explain G101`: what an error code means, or what to write for a name of PyTorch (`torch.einsum`). Without one, and for `--help`, it lists them all. */

import { codes, explain } from "../lib/forensics/pages/codes.ts";

const [code] = Deno.args.filter((arg) => arg !== "--help" && arg !== "-h");
try {
  console.log(
    code
      ? explain(/^g\d+$/i.test(code) ? code.toUpperCase() : code)
      : `Usage: deno task explain CODE or NAME\n\n${
        Object.entries(codes).map(([code, { title }]) => `${code}  ${title}`).join("\n")
      }`,
  );
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(2);
}
