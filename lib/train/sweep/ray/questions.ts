/** What a sweep asks of the process that has the network, and what it is answered. */

/** A request, or a WebSocket to be followed. `id` is that of the answers. */
export type Question =
  | { readonly id: number; readonly method: string; readonly url: string; readonly body?: unknown }
  | { readonly id: number; readonly url: string; readonly follow: true };

/** The answer to a request, or a part of what is followed. */
export type Answer =
  | { readonly id: number; readonly status: number; readonly text: string }
  | { readonly id: number; readonly error: string }
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly closed: true };
