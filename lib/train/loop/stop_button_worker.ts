/** The thread that hears the stop button of a notebook: it counts the presses in memory that is shared, and says that one came. */

import { press } from "./stop_button_memory.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SharedArrayBuffer>) => void;
  postMessage(message: "listening" | "pressed"): void;
};

scope.onmessage = ({ data: memory }) => {
  Deno.addSignalListener("SIGINT", () => {
    press(memory);
    scope.postMessage("pressed");
  });
  scope.postMessage("listening");
};
