/** Messages of the Jupyter protocol 5.3 (https://jupyter-client.readthedocs.io/en/stable/messaging.html), signed. */

import { createHmac, timingSafeEqual } from "node:crypto";

/** What a message says, and which one it answers. */
export interface Message {
  type: string;
  content: Record<string, unknown>;
  metadata: Record<string, unknown>;
  /** The identity of the message that this one answers; "" if there is none. */
  parentId: string;
}

const delimiter = "<IDS|MSG>";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The frames of a request, and the identity that its answers carry. */
export function encodeRequest(
  key: string,
  session: string,
  type: string,
  content: Record<string, unknown>,
): { id: string; frames: Uint8Array[] } {
  const id = crypto.randomUUID();
  const header = {
    msg_id: id,
    msg_type: type,
    session,
    username: "plumbline",
    date: new Date().toISOString(),
    version: "5.3",
  };
  const parts = [header, {}, {}, content].map((part) => encoder.encode(JSON.stringify(part)));
  return { id, frames: [encoder.encode(delimiter), encoder.encode(sign(key, parts)), ...parts] };
}

/** Reads a message. Throws if it is malformed or its signature is wrong. */
export function decodeMessage(key: string, frames: readonly Uint8Array[]): Message {
  const start = frames.findIndex((frame) => decoder.decode(frame) === delimiter);
  const [signature, ...parts] = frames.slice(start + 1, start + 6);
  if (start < 0 || signature === undefined || parts.length < 4) {
    throw new Error("A message of the kernel is malformed.");
  }
  const expected = encoder.encode(sign(key, parts));
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
    throw new Error("A message of the kernel has a wrong signature.");
  }
  const [header, parent, metadata, content] = parts.map((part) => JSON.parse(decoder.decode(part)));
  return { type: header.msg_type, parentId: parent?.msg_id ?? "", metadata, content };
}

function sign(key: string, parts: readonly Uint8Array[]): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}
