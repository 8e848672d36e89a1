/** The contestant's side of the protocol: answers the requests on standard input until it closes. */

import { createInterface } from "node:readline";
import process from "node:process";
import type { Answer, Details, Request, Run } from "./protocol.ts";

async function measure(run: Run, repeats: number): Promise<Answer> {
  const ms: number[] = [];
  const details: Details[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    const detail = await run();
    ms.push(performance.now() - start);
    if (detail && Object.keys(detail).length > 0) details.push(detail);
  }
  return details.length > 0 ? { ms, details } : { ms };
}

/**
 * Serves the cases that `prepare` makes; it throws a sentence for a case that the contestant does not have. What has been
 * prepared is kept, so a case that is asked for again goes on where it was.
 */
export async function serve(prepare: (name: string) => Promise<Run>): Promise<void> {
  const ready = new Map<string, Run>();
  const answer = async (request: Request): Promise<Answer> => {
    try {
      const run = ready.get(request.case) ?? await prepare(request.case);
      ready.set(request.case, run);
      return await measure(run, request.repeats);
    } catch (error) {
      return { why: error instanceof Error ? error.message : String(error) };
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
}
