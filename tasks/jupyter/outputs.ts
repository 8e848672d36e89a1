/** Gathers what a kernel publishes into the outputs of a notebook's cells (nbformat 4.5). */

import type { Message } from "./messages.ts";

/** A bundle of representations of one thing, by media type. */
export type MimeBundle = Record<string, unknown>;

/** One output of a cell. */
export type Output =
  | { output_type: "stream"; name: string; text: string }
  | { output_type: "display_data"; data: MimeBundle; metadata: MimeBundle }
  | { output_type: "execute_result"; data: MimeBundle; metadata: MimeBundle; execution_count: number }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

type Shown = Extract<Output, { data: MimeBundle }>;

/** The outputs of a notebook's cells, as they come. */
export class OutputRecorder {
  #outputs: Output[] = [];
  #clearBeforeNext = false;
  readonly #displays = new Map<string, Shown[]>();

  /** Outputs belong to another cell from here on: it is the `executionCount`-th. Returns where they will be. */
  begin(executionCount: number): Output[] {
    this.#executionCount = executionCount;
    this.#clearBeforeNext = false;
    return this.#outputs = [];
  }

  #executionCount = 0;

  /** Adds what `message` shows. */
  record({ type, content }: Message): void {
    if (type === "update_display_data") return this.#update(content);
    if (type === "clear_output") {
      if (content.wait === true) this.#clearBeforeNext = true;
      else this.#outputs.length = 0;
      return;
    }
    const output = toOutput(type, content, this.#executionCount);
    if (output === null) return;
    if (this.#clearBeforeNext) this.#outputs.length = 0;
    this.#clearBeforeNext = false;
    const last = this.#outputs.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      last.text += output.text;
      return;
    }
    this.#outputs.push(output);
    const id = displayId(content);
    if (id !== null && "data" in output) this.#displays.set(id, [...this.#displays.get(id) ?? [], output]);
  }

  #update(content: Record<string, unknown>): void {
    for (const shown of this.#displays.get(displayId(content) ?? "") ?? []) {
      shown.data = content.data as MimeBundle;
      shown.metadata = (content.metadata ?? {}) as MimeBundle;
    }
  }

  /** Whether `marker` has come on the standard output, on the standard error and as a display. */
  hasMarker(marker: string): boolean {
    const streams = this.#outputs.filter((output) => output.output_type === "stream" && output.text.includes(marker));
    return streams.length === 2 && this.#outputs.some((output) => shows(output, marker));
  }

  /** Takes the marker out again. */
  removeMarker(marker: string): void {
    const kept = this.#outputs.filter((output) => {
      if (output.output_type === "stream") output.text = output.text.replace(`${marker}\n`, "");
      return output.output_type === "stream" ? output.text !== "" : !shows(output, marker);
    });
    this.#outputs.splice(0, Infinity, ...kept);
  }
}

function shows(output: Output, text: string): boolean {
  return output.output_type === "display_data" && output.data["text/plain"] === text;
}

function displayId(content: Record<string, unknown>): string | null {
  const id = (content.transient as { display_id?: unknown } | undefined)?.display_id;
  return typeof id === "string" ? id : null;
}

function toOutput(type: string, content: Record<string, unknown>, executionCount: number): Output | null {
  const data = content.data as MimeBundle;
  const metadata = (content.metadata ?? {}) as MimeBundle;
  switch (type) {
    case "stream":
      return { output_type: "stream", name: String(content.name), text: String(content.text) };
    case "display_data":
      return { output_type: "display_data", data, metadata };
    case "execute_result":
      return { output_type: "execute_result", data, metadata, execution_count: executionCount };
    case "error": {
      const traceback = content.traceback as string[];
      return { output_type: "error", ename: String(content.ename), evalue: String(content.evalue), traceback };
    }
    default:
      return null;
  }
}
