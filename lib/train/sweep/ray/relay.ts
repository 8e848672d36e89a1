/**
 * A program that asks one head of Ray over HTTP, for `deno task sweep`, which has no right to the network: this process has it, for
 * that one address. Questions come as lines of JSON on standard input, answers go as lines of JSON to standard output.
 */

import type { Answer, Question } from "./questions.ts";

/** Milliseconds for which an answer is waited for. */
const patience = 30_000;

const encoder = new TextEncoder();

function answer(line: Answer): void {
  let bytes = encoder.encode(`${JSON.stringify(line)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

async function ask({ id, method, url, body }: Extract<Question, { method: string }>): Promise<void> {
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(patience),
      ...body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } },
    });
    answer({ id, status: response.status, text: await response.text() });
  } catch (error) {
    answer({ id, error: reasonOf(error) });
  }
}

/** Hands on what a WebSocket says until it closes. */
function follow({ id, url }: Extract<Question, { follow: true }>): void {
  const socket = new WebSocket(url.replace(/^http/, "ws"));
  socket.onmessage = ({ data }) => answer({ id, text: String(data) });
  // An error is followed by the close.
  socket.onclose = () => answer({ id, closed: true });
}

/** The innermost reason: what is around it repeats the address. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === "TimeoutError") return `no answer in ${patience / 1000} s`;
  const text = cause instanceof Error ? cause.message : message;
  return (/: ([^:]+?)(?: \(os error \d+\))?$/.exec(text)?.[1] ?? text).toLowerCase();
}

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = `${rest}${text}`.split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const question = JSON.parse(line) as Question;
    if ("follow" in question) follow(question);
    else void ask(question);
  }
}
// Who asked has gone.
Deno.exit();
