/** The thread that hears the stop button of a notebook: it counts the presses in memory that is shared, and says that one came. */

import { press } from "./stop_button_memory.ts";

/** What it says. */
export type Message = "listening" | "pressed";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SharedArrayBuffer>) => void;
  postMessage(message: Message): void;
};

scope.onmessage = ({ data: memory }) => {
  Deno.addSignalListener("SIGINT", () => {
    press(memory);
    scope.postMessage("pressed");
  });
  scope.postMessage("listening");
};
