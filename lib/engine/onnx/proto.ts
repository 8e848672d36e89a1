/**
 * The part of ONNX's protobuf schema that a graph needs, as plain data and one function that writes it. Field numbers
 * are those of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 */

import { BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";

/** Element types of ONNX tensors, by their number in TensorProto.DataType. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9, uint32: 12, uint64: 13 } as const;

/** The name of an element type. */
export type ElementType = keyof typeof elementTypes;

/** A tensor whose numbers are in the file. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array;
}

/** The declaration of an input or output. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  /** A text is the name of a size that is free; an empty one, that of a size which nobody has named. */
  readonly dims: readonly (number | string)[];
}

/** An attribute: a whole number, a string, whole numbers or a graph. */
export type OnnxAttribute = number | string | readonly number[] | OnnxGraph;

/** One operation. */
export interface OnnxNode {
  /** For messages of ONNX Runtime. */
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A graph or the body of a loop. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

type Writer = BinaryWriter;

function message(writer: Writer, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function text(writer: Writer, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function whole(writer: Writer, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function packed(writer: Writer, field: number, values: readonly number[]): void {
  message(writer, field, () => values.forEach((x) => writer.int64(x)));
}

function writeTensor(writer: Writer, { name, type, dims, bytes }: OnnxTensor): void {
  packed(writer, 1, dims);
  whole(writer, 2, elementTypes[type]);
  text(writer, 8, name);
  writer.tag(9, WireType.LengthDelimited).bytes(bytes);
}

function writeSize(writer: Writer, size: number | string): void {
  if (typeof size === "number") whole(writer, 1, size);
  else if (size !== "") text(writer, 2, size);
}

function writeValue(writer: Writer, { name, type, dims }: OnnxValue): void {
  text(writer, 1, name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      whole(writer, 1, elementTypes[type]);
      message(writer, 2, () => dims.forEach((n) => message(writer, 1, () => writeSize(writer, n))));
    }));
}

/** The numbers of AttributeProto.AttributeType. */
const attributeTypes = { int: 2, string: 3, graph: 5, ints: 7 };

function writeAttribute(writer: Writer, name: string, value: OnnxAttribute): void {
  const type = (kind: keyof typeof attributeTypes) => whole(writer, 20, attributeTypes[kind]);
  text(writer, 1, name);
  if (typeof value === "number") {
    whole(writer, 3, value);
    type("int");
  } else if (typeof value === "string") {
    text(writer, 4, value);
    type("string");
  } else if ("nodes" in value) {
    message(writer, 6, () => writeGraph(writer, value));
    type("graph");
  } else {
    packed(writer, 8, value);
    type("ints");
  }
}

function writeNode(writer: Writer, { name, op, inputs, outputs, attributes }: OnnxNode): void {
  inputs.forEach((input) => text(writer, 1, input));
  outputs.forEach((output) => text(writer, 2, output));
  text(writer, 3, name);
  text(writer, 4, op);
  for (const [key, value] of Object.entries(attributes)) message(writer, 5, () => writeAttribute(writer, key, value));
}

function writeGraph(writer: Writer, graph: OnnxGraph): void {
  graph.nodes.forEach((node) => message(writer, 1, () => writeNode(writer, node)));
  text(writer, 2, graph.name);
  graph.initializers.forEach((tensor) => message(writer, 5, () => writeTensor(writer, tensor)));
  graph.inputs.forEach((value) => message(writer, 11, () => writeValue(writer, value)));
  graph.outputs.forEach((value) => message(writer, 12, () => writeValue(writer, value)));
}

/** The version of the operator set: the lowest that has all that we write. */
const opset = 18;
/** The version of the file format that came with it. */
const irVersion = 8;

/** A whole .onnx file. */
export function encodeModel(graph: OnnxGraph): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  whole(writer, 1, irVersion);
  text(writer, 2, "plumbline");
  message(writer, 7, () => writeGraph(writer, graph));
  message(writer, 8, () => {
    text(writer, 1, "");
    whole(writer, 2, opset);
  });
  return writer.finish();
}
