/**
 * ZMTP 3.0 with the NULL mechanism (https://rfc.zeromq.org/spec/23): as much of ZeroMQ's wire protocol as it takes to be a
 * client of one peer over TCP.
 */

/** The roles that a Jupyter client plays. */
export type SocketType = "DEALER" | "SUB";

const more = 1, long = 2, command = 4;
const signature = [0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f];
const greetingSize = 64;
const encoder = new TextEncoder();

/** A connection that sends and receives messages of several frames. */
export class ZmtpSocket {
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects and shakes hands. A SUB socket gets every message of its peer. */
  static async connect(type: SocketType, hostname: string, port: number): Promise<ZmtpSocket> {
    const socket = new ZmtpSocket(await Deno.connect({ hostname, port }));
    try {
      await socket.#shakeHands(type);
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }

  async #shakeHands(type: SocketType): Promise<void> {
    const greeting = new Uint8Array(greetingSize);
    greeting.set([...signature, 3, 0, ...encoder.encode("NULL")]);
    await this.#write(greeting);
    const [first, ...rest] = await this.#read(greetingSize);
    if (first !== signature[0] || rest[9]! < 3) throw new Error("The peer does not speak ZMTP 3.");
    await this.#writeFrame(command, readyCommand(type));
    const { flags, body } = await this.#readFrame();
    if ((flags & command) === 0 || new TextDecoder().decode(body.subarray(1, 6)) !== "READY") {
      throw new Error("The peer refused the ZMTP handshake.");
    }
    if (type === "SUB") await this.send([Uint8Array.of(1)]);
  }

  /** Sends one message. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    for (const [i, frame] of frames.entries()) await this.#writeFrame(i < frames.length - 1 ? more : 0, frame);
  }

  /** The next message. Throws when the connection is closed. */
  async receive(): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    while (true) {
      const { flags, body } = await this.#readFrame();
      if (flags & command) continue;
      frames.push(body);
      if ((flags & more) === 0) return frames;
    }
  }

  /** Closes the connection; a `receive` that waits throws. */
  close(): void {
    this.#connection.close();
  }

  async #writeFrame(flags: number, body: Uint8Array): Promise<void> {
    const isLong = body.length > 255;
    const frame = new Uint8Array((isLong ? 9 : 2) + body.length);
    frame[0] = flags | (isLong ? long : 0);
    if (isLong) new DataView(frame.buffer).setBigUint64(1, BigInt(body.length));
    else frame[1] = body.length;
    frame.set(body, frame.length - body.length);
    await this.#write(frame);
  }

  async #readFrame(): Promise<{ flags: number; body: Uint8Array }> {
    const flags = (await this.#read(1))[0]!;
    const size = flags & long
      ? Number(new DataView((await this.#read(8)).buffer).getBigUint64(0))
      : (await this.#read(1))[0]!;
    return { flags, body: await this.#read(size) };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    while (bytes.length > 0) bytes = bytes.subarray(await this.#connection.write(bytes));
  }

  async #read(size: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      const count = await this.#connection.read(bytes.subarray(filled));
      if (count === null) throw new Error("The peer closed the connection.");
      filled += count;
    }
    return bytes;
  }
}

/** The command READY with the property Socket-Type. */
function readyCommand(type: SocketType): Uint8Array {
  const size = (text: string) => String.fromCharCode(text.length);
  const property = "Socket-Type";
  return encoder.encode(`${size("READY")}READY${size(property)}${property}\0\0\0${size(type)}${type}`);
}
