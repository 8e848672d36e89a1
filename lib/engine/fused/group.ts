/**
 * Which values one kernel computes. Every held value starts as a kernel of its own; a kernel then takes up users of its
 * results that read them at the same element, and neighbours of the same size, as long as no path leads out of it and
 * back in.
 */

import { type Node, type NodeOf, topological } from "../../graph/node.ts";
import { sizeOf } from "../../graph/types.ts";
import { Draft } from "./draft.ts";
import { Needs } from "./needs.ts";
import type { Target } from "./target.ts";

/** How many earlier kernels of the same size are tried as neighbours. */
const mostNeighbours = 4;

/** A step of a block: a kernel or a scan, and the held nodes that it reads. */
export interface Unit {
  readonly draft: Draft | null;
  readonly scan: NodeOf<"scan"> | null;
  reads: Set<Node>;
  /** Its number in the order of the block. */
  readonly at: number;
}

/** Everything about a block that grouping needs. */
export interface GroupingOptions {
  readonly held: ReadonlySet<Node>;
  /** Nodes that go to a place outside of the block. */
  readonly sinks: ReadonlySet<Node>;
  readonly target: Target;
}

/** The units of a block that compute `outputs`, in an order in which they can run. */
export function groupUnits(outputs: readonly Node[], options: GroupingOptions): Unit[] {
  const grouping = new Grouping(topological(outputs), options);
  grouping.mergeAll();
  return grouping.inOrder();
}

class Grouping {
  readonly #units: Unit[] = [];
  /** Which unit computes a node. */
  readonly #home = new Map<Node, Unit>();
  readonly #readers = new Map<Node, Set<Unit>>();
  readonly #needs = new Needs();
  /** The kernels so far of each kind and size. */
  readonly #alike = new Map<string, Unit[]>();

  constructor(order: readonly Node[], readonly options: GroupingOptions) {
    const { held } = options;
    for (const node of order) {
      if (node.op === "output") this.#home.set(node, this.#home.get(node.inputs[0]!)!);
      else if (node.op === "scan") {
        this.#add(node, { draft: null, scan: node, reads: new Set(node.inputs), at: this.#units.length });
      } else if (held.has(node) && node.op !== "input" && sizeOf(node.shape) > 0) {
        const draft = new Draft(node, (x) => held.has(x));
        this.#add(node, { draft, scan: null, reads: draft.reads(), at: this.#units.length });
      }
    }
  }

  #add(node: Node, unit: Unit): void {
    this.#units.push(unit);
    this.#home.set(node, unit);
    for (const x of unit.reads) this.#readersOf(x).add(unit);
  }

  #readersOf(node: Node): Set<Unit> {
    let readers = this.#readers.get(node);
    if (!readers) this.#readers.set(node, readers = new Set());
    return readers;
  }

  /** Lets every kernel join an earlier one if it can. */
  mergeAll(): void {
    const kept: Unit[] = [];
    for (const unit of this.#units) {
      this.#needs.add([...this.#homesOf(unit)].map((x) => x.at), this.#units.length);
      if (unit.draft === null) {
        kept.push(unit);
        continue;
      }
      const alike = this.#alikeOf(unit.draft);
      if (this.#hosts(unit, alike).some((host) => this.#merge(host, unit))) continue;
      kept.push(unit);
      alike.push(unit);
    }
    this.#units.length = 0;
    this.#units.push(...kept);
  }

  #alikeOf({ kind, size }: Draft): Unit[] {
    const key = `${kind} ${size}`;
    let alike = this.#alike.get(key);
    if (!alike) this.#alike.set(key, alike = []);
    return alike;
  }

  /** The units whose results `unit` reads. */
  #homesOf(unit: Unit): Set<Unit> {
    const homes = new Set<Unit>();
    for (const node of unit.reads) {
      const home = this.#home.get(node);
      if (home) homes.add(home);
    }
    return homes;
  }

  /** The kernels that `guest` may join: those whose results it reads, then the latest of the same size. */
  #hosts(guest: Unit, alike: readonly Unit[]): Unit[] {
    const hosts = this.#homesOf(guest);
    const neighbours: Unit[] = [];
    for (let i = alike.length - 1; i >= 0 && neighbours.length < mostNeighbours; i--) {
      if (!hosts.has(alike[i]!)) neighbours.push(alike[i]!);
    }
    return [...hosts, ...neighbours];
  }

  #fits(host: Draft, guest: Draft): boolean {
    const { mostExprs, mostItems } = this.options.target;
    if (host.size !== guest.size || host.kind === "cumsum" || host.lowering.exprs.size > mostExprs) return false;
    if (guest.kind === "map") return true;
    const alike = guest.kind === "reduce" && host.kind === "reduce" && host.length === guest.length;
    return alike && host.items().length < mostItems;
  }

  /** A unit that has taken up no other yet joins `host`, if the result is a kernel that can run. */
  #merge(host: Unit, guest: Unit): boolean {
    if (!host.draft || !this.#fits(host.draft, guest.draft!) || this.#pathOutside(host, guest)) return false;
    const { node } = guest.draft!;
    const part = host.draft.lower(node);
    const reads = new Set([...host.reads, ...part.loads.map((x) => x.node)]);
    const members = new Set([...host.draft.members, node]);
    if ([...members].some((x) => reads.has(x))) return false;
    if (reads.size + this.#written(members, host, guest) > this.options.target.mostBindings) return false;
    host.draft.take(part);
    host.reads = reads;
    this.#home.set(node, host);
    this.#needs.join(host.at, guest.at);
    for (const x of guest.reads) this.#readersOf(x).delete(guest);
    for (const x of reads) this.#readersOf(x).add(host);
    return true;
  }

  /** At most how many buffers a kernel of `members` writes. */
  #written(members: ReadonlySet<Node>, host: Unit, guest: Unit): number {
    let count = 0;
    for (const x of members) {
      const read = [...this.#readersOf(x)].some((reader) => reader !== host && reader !== guest);
      if (read || this.options.sinks.has(x)) count++;
    }
    return count;
  }

  /** Whether `guest` needs the results of a unit that is not `host` but needs those of `host`. */
  #pathOutside(host: Unit, guest: Unit): boolean {
    for (const home of this.#homesOf(guest)) if (home !== host && this.#needs.has(home.at, host.at)) return true;
    return false;
  }

  /** The units, each after those that it reads. */
  inOrder(): Unit[] {
    const order: Unit[] = [];
    const done = new Set<Unit>();
    const visit = (unit: Unit): void => {
      if (done.has(unit)) return;
      done.add(unit);
      for (const node of unit.reads) {
        const home = this.#home.get(node);
        if (home) visit(home);
      }
      order.push(unit);
    };
    this.#units.forEach(visit);
    return order;
  }
}
