/** Models of MuJoCo, compiled from MJCF once for all environments of a thread. */

import { type MainModule, type MjModel, takeMujoco } from "./engine.ts";

/** A compiled model; whoever took it gives it back. */
export class Model {
  /** How many hold it. */
  #users = 0;

  private constructor(
    readonly mujoco: MainModule,
    readonly handle: MjModel,
    readonly xml: string,
    readonly giveMujocoBack: () => void,
  ) {}

  static readonly #shared: Map<string, Model> = new Map();

  /**
   * The model of an MJCF text, the same for all who ask while anybody holds it.
   *
   * @throws RangeError with a sentence that has the element and its line if MuJoCo refuses it.
   */
  static async take(xml: string): Promise<Model> {
    const { mujoco, giveBack } = await takeMujoco();
    const known = Model.#shared.get(xml);
    if (known) {
      giveBack();
      known.#users++;
      return known;
    }
    try {
      const model = new Model(mujoco, compile(mujoco, xml), xml, giveBack);
      model.#users++;
      Model.#shared.set(xml, model);
      return model;
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Is called once by each who took it; the last one frees it. */
  giveBack(): void {
    if (--this.#users > 0) return;
    Model.#shared.delete(this.xml);
    // Nothing in WebAssembly is collected.
    this.handle.delete();
    this.giveMujocoBack();
  }
}

function compile(mujoco: MainModule, xml: string): MjModel {
  try {
    return mujoco.MjModel.from_xml_string(xml);
  } catch (error) {
    throw new RangeError(`MuJoCo refuses the model: ${refusalOf((error as Error).message, xml)}.`);
  }
}

/** What MuJoCo says of an MJCF text, in one line: what is wrong, the element and its line. */
function refusalOf(message: string, xml: string): string {
  if (xml.trim() === "") return "the text is empty";
  const [first = "", ...more] = message.replace(/^MuJoCo Error: /, "").trim().split(/\s*\n\s*/);
  const parsing = parseError(more.join(" "));
  if (parsing !== null) return parsing;
  const what = first.replace(/^((Loading error|XML Error|Schema violation|ParseXML|Error): )+/, "");
  const [, file] = /^Error opening file '(.*)'/.exec(what) ?? [];
  if (file !== undefined) return `${file} is not there: a model is one text, which reads no other files`;
  return [what, ...more.map((x) => placeOf(x, xml))].join(", ").replace(/[.,\s]+$/, "");
}

/** `Element 'joint', line 7` of the reader; `Element name 'hip', id 3, line 7` of the compiler, which says not what it is. */
function placeOf(text: string, xml: string): string {
  const [, name, line] = /^Element name '(.*)', id \d+, line (\d+)/.exec(text) ?? [];
  if (line === undefined) return text.replace(/^Element/, "element");
  const tags = [...(xml.split("\n")[Number(line) - 1] ?? "").matchAll(/<(\w+)/g)].map(([, tag]) => tag!);
  const element = tags.length === 1 ? `element '${tags[0]}'` : "an element";
  return `${element}${name === "" ? "" : ` named '${name}'`}, line ${line}`;
}

/** What the reader of XML says: `Error=XML_ERROR_MISMATCHED_ELEMENT ErrorID=14 (0xe) Line number=3: XMLElement name=body`. */
function parseError(text: string): string | null {
  const [, kind, line, element] = /XML_ERROR_(\w+).*Line number=(\d+)(?:.*XMLElement name=(\S+))?/.exec(text) ?? [];
  if (kind === undefined) return null;
  const what = kind.replace("PARSING_", "").toLowerCase().replaceAll("_", " ");
  return `it is no XML: ${what}${element === undefined ? "" : `, element '${element}'`}, line ${line}`;
}
