/**
 * The strongest classical way to drive: iLQR (Li and Todorov 2004; Tassa, Mansard and Todorov 2014 for bounded inputs) on the
 * single-track model, from what the world shows. A plan of a second or so is driven on the model, the model is linearised along it by its own
 * gradient, Riccati's recursion says how to change the plan; its first input is what is done, and the rest begins the next plan.
 */

import { arange, full, tensor, zeros } from "../../tensor/creation.ts";
import { concat, stack, where } from "../../tensor/functions.ts";
import { gradients } from "../../tensor/transforms.ts";
import { scan } from "../../tensor/scan.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import type { RecurrentController } from "../controllers.ts";
import { actuated } from "./actuators.ts";
import { mostPushing, mostSteering, previewDistance, previewSeconds, steeringGain, stepSeconds } from "./constants.ts";
import { integrate } from "./integrate.ts";
import type { CarName } from "./models/cars.ts";
import { VehicleModel } from "./models/model.ts";

/** What errors and inputs cost: per m^2, rad^2, (m/s)^2; of steering, per (rad/s)^2 asked for; of pushing, per (m/s^2)^2. */
export interface PlannerWeights {
  /** Lateral error. */
  readonly lateral: number;
  /** Heading error. */
  readonly heading: number;
  /** Speed error. */
  readonly speed: number;
  /** How fast the wheels are asked to turn. */
  readonly turning: number;
  /** The acceleration that is asked for. */
  readonly pushing: number;
}

/** Steps of a plan. */
const planned = 20;
/** How often a plan is made better before a step. */
const rounds = 1;

/** What a plan's states have: metres along the way and to its left, and what the car does. */
const states = ["along", "lateral", "steering", "speed", "heading", "yawRate", "slip", "pushing"] as const;
const at = (name: typeof states[number]): number => states.indexOf(name);
const [stateSize, inputSize] = [states.length, 2];

/** The way ahead as straight pieces between the points that are seen, [row, point] each. */
interface Way {
  readonly distance: Tensor;
  readonly curvature: Tensor;
  readonly speed: Tensor;
}

/** A number of the way at `along`, [row, 1]: on a line between points, and as at the last one beyond it. */
function ahead(distance: Tensor, values: Tensor, along: Tensor): Tensor {
  const last = distance.shape[1]! - 1;
  const [from, to] = [distance.slice(1, 0, last), distance.slice(1, 1)];
  // A car that stands sees all its points at one place.
  const slope = values.slice(1, 1).sub(values.slice(1, 0, last)).div(to.sub(from).maximum(1e-3));
  const within = along.sub(from).maximum(0).minimum(to.sub(from));
  return values.slice(1, 0, 1).add(slope.mul(within).sum(1, true));
}

/** Rows of a way, each `times` times. */
const repeated = (way: Way, times: number): Way => {
  const often = (x: Tensor): Tensor => x.unsqueeze(0).expand(times, ...x.shape).reshape(-1, x.shape[1]!);
  return { distance: often(way.distance), curvature: often(way.curvature), speed: often(way.speed) };
};

/** The model of a plan: states [row, 8] and inputs [row, 2], each from -1 to 1, to the states a step later. */
function follower(model: VehicleModel): (way: Way, state: Tensor, input: Tensor) => Tensor {
  const nominal = full([], 1);
  return (way, state, input) => {
    const [steer, push] = input.split(1, 1) as [Tensor, Tensor];
    const [car, pushing] = state.split([stateSize - 1, 1], 1) as [Tensor, Tensor];
    const angle = car.slice(1, at("steering"), at("steering") + 1);
    const given = actuated({ steer, push }, { angle, pushing }, nominal);
    const driven = concat([given.turning, given.halfway], 1);
    const moved = integrate(
      (x) => {
        const [along, lateral, ...rest] = x.split(1, 1) as Tensor[];
        const bend = ahead(way.distance, way.curvature, along!);
        // The model sees the way as straight; the way turns away from under it.
        const rates = model.derivative(concat([along!.mul(0), lateral!, ...rest], 1), driven).split(1, 1) as Tensor[];
        const faster = rates[0]!.div(bend.mul(lateral!).neg().add(1).maximum(0.1));
        const turned = rates[at("heading")]!.sub(bend.mul(faster));
        return concat(rates.map((rate, i) => i === at("along") ? faster : i === at("heading") ? turned : rate), 1);
      },
      car,
      stepSeconds,
      { substeps: 1 },
    );
    return concat([moved, given.pushing], 1);
  };
}

/** How a step depends on what it began with: [row, 8, 8] and [row, 8, 2]. One gradient of rows that are repeated, each for one number. */
function slopes(follow: ReturnType<typeof follower>, way: Way, state: Tensor, input: Tensor): [a: Tensor, b: Tensor] {
  const rows = state.shape[0]!;
  const often = (x: Tensor): Tensor => x.unsqueeze(0).expand(stateSize, ...x.shape).reshape(-1, x.shape[1]!);
  const [states, inputs] = [often(state), often(input)];
  const one = arange(stateSize).unsqueeze(1).equal(arange(stateSize).unsqueeze(0)).cast("float32");
  const which = one.unsqueeze(1).expand(stateSize, rows, stateSize).reshape(-1, stateSize);
  const next = follow(repeated(way, stateSize), states, inputs);
  const found = gradients(next.mul(which).sum(), [states, inputs]);
  const [a, b] = found.map((x) => x.reshape(stateSize, rows, -1).permute(1, 0, 2)) as [Tensor, Tensor];
  return [a, b];
}

type Plan = { readonly inputs: Tensor };
type Change = { readonly gain: Tensor; readonly shift: Tensor };

/** The controller of a car, whose numbers it takes to be those of the table. */
export function planner(car: CarName, weights: PlannerWeights, seen: SeenIn): RecurrentController {
  const model = new VehicleModel("st", { car, limits: "smooth", switchSpeed: 3, switchWidth: 0.5 });
  const follow = follower(model);
  const cost = costOf(weights);
  const improve = (way: Way, start: Tensor, inputs: Tensor): Tensor => {
    const [, states] = scan((state: Tensor, input: Tensor) => [follow(way, state, input), state], start, inputs);
    const envs = start.shape[0]!;
    const flat = (x: Tensor): Tensor => x.flatten(0, 1);
    const [a, b] = slopes(follow, repeated(way, planned), flat(states), flat(inputs));
    const xs = {
      ...{ a: a.reshape(planned, envs, stateSize, stateSize), b: b.reshape(planned, envs, stateSize, inputSize) },
      ...{ state: states, input: inputs, pace: paceAlong(way, states) },
    };
    const [, changes] = scan(
      (rest: { readonly v: Tensor; readonly w: Tensor }, x: typeof xs) => riccati(cost, rest, x),
      { v: zeros([envs, stateSize, stateSize]), w: zeros([envs, stateSize, 1]) },
      xs,
      { reverse: true },
    );
    const [, better] = scan(
      (state: Tensor, x: Change & { readonly state: Tensor; readonly input: Tensor }) => {
        const off = state.sub(x.state).unsqueeze(2);
        const input = x.input.add(x.shift.add(x.gain.matmul(off)).squeeze(2)).clamp(-1, 1);
        return [follow(way, state, input), input];
      },
      start,
      { ...changes, state: states, input: inputs },
    );
    return better;
  };
  return {
    initialMemory: (envs: number): Plan => ({ inputs: zeros([envs, planned, inputSize]) }),
    decide(observation: Tensor, memory: Tree): readonly [Tensor, Tree] {
      const look = seen(observation);
      const { way, start } = begin(look);
      let inputs = (memory as Plan).inputs.permute(1, 0, 2);
      for (let i = 0; i < rounds; i++) inputs = improve(way, start, inputs);
      const next = concat([inputs.slice(0, 1), inputs.slice(0, planned - 1)], 0);
      return [inputs.select(0, 0).unsqueeze(1), { inputs: next.permute(1, 0, 2) }];
    },
  };
}

/** What of an observation has a name, [env] each, in metres, radians and seconds. */
export type SeenIn = (observation: Tensor) => (name: string) => Tensor;

/** The way that is seen, and the state in which the car is on it. */
function begin(seen: (name: string) => Tensor): { way: Way; start: Tensor } {
  const speed = seen("speed");
  const points = previewSeconds.map((_, i) => i);
  const distances = points.map((i) => speed.relu().mul(previewSeconds[i]!).add(previewDistance));
  const way = {
    distance: stack([speed.mul(0), ...distances], 1),
    curvature: stack([seen("curvature"), ...points.map((i) => seen(`bend${i}`))], 1),
    speed: stack([speed.sub(seen("speedError")), ...points.map((i) => seen(`faster${i}`).add(speed))], 1),
  };
  const start = stack([speed.mul(0), ...states.slice(1).map((name) => seen(name))], 1);
  return { way, start };
}

/** The meant speeds of the states of a plan, [step, env, 1]. */
function paceAlong(way: Way, states: Tensor): Tensor {
  const along = states.flatten(0, 1).slice(1, 0, 1);
  const all = repeated(way, planned);
  return ahead(all.distance, all.speed, along).reshape(planned, -1, 1);
}

/** What a step costs, as the squares of what it should be none of: its rows are lateral, heading, speed, turning and pushing. */
interface Cost {
  /** By states, [residual, 8]. */
  readonly ofState: Tensor;
  /** By inputs, [residual, 2]. */
  readonly ofInput: Tensor;
  /** Which of them the meant speed is taken from, [residual, 1]. */
  readonly ofPace: Tensor;
}

function costOf({ lateral, heading, speed, turning, pushing }: PlannerWeights): Cost {
  const roots = [lateral, heading, speed, turning, pushing].map(Math.sqrt) as [number, number, number, number, number];
  const row = (name: typeof states[number] | null, weight: number): number[] =>
    states.map((state) => state === name ? weight : 0);
  const turn = roots[3] * steeringGain;
  return {
    ofState: tensor([
      ...[row("lateral", roots[0]), row("heading", roots[1]), row("speed", roots[2]), row("steering", -turn)],
      row(null, 0),
    ]),
    ofInput: tensor([[0, 0], [0, 0], [0, 0], [turn * mostSteering, 0], [0, roots[4] * mostPushing]]),
    ofPace: tensor([[0], [0], [roots[2]], [0], [0]]),
  };
}

/** One step of Riccati's recursion, backwards: v and w are the Hessian and the gradient of what the rest of the plan costs. */
function riccati(
  { ofState, ofInput, ofPace }: Cost,
  { v, w }: { readonly v: Tensor; readonly w: Tensor },
  x: { readonly a: Tensor; readonly b: Tensor; readonly state: Tensor; readonly input: Tensor; readonly pace: Tensor },
): readonly [{ v: Tensor; w: Tensor }, Change] {
  const residual = ofState.matmul(x.state.unsqueeze(2)).add(ofInput.matmul(x.input.unsqueeze(2)))
    .sub(ofPace.matmul(x.pace.unsqueeze(2)));
  const [xt, ut, at, bt] = [ofState.transpose(), ofInput.transpose(), x.a.transpose(1, 2), x.b.transpose(1, 2)];
  const va = v.matmul(x.a);
  const vb = v.matmul(x.b);
  const qxx = xt.matmul(ofState).add(at.matmul(va));
  const quu = ut.matmul(ofInput).add(bt.matmul(vb));
  const qux = ut.matmul(ofState).add(bt.matmul(va));
  const qx = xt.matmul(residual).add(at.matmul(w));
  const qu = ut.matmul(residual).add(bt.matmul(w));
  // An input at its bound that would go beyond it stays where it is, and takes no part.
  const free = where(x.input.abs().less(1 - 1e-6).or(x.input.mul(qu.squeeze(2)).greater(0)), 1, 0).unsqueeze(2);
  const held = free.neg().add(1).mul(tensor([[[1, 0], [0, 1]]]));
  const inverse = inverted(quu.mul(free).mul(free.transpose(1, 2)).add(held));
  const gain = inverse.matmul(qux.mul(free)).neg();
  const shift = inverse.matmul(qu.mul(free)).neg();
  const gt = gain.transpose(1, 2);
  const both = gt.matmul(qux);
  const hessian = qxx.add(gt.matmul(quu).matmul(gain)).add(both).add(both.transpose(1, 2));
  const gradient = qx.add(gt.matmul(quu.matmul(shift).add(qu))).add(qux.transpose(1, 2).matmul(shift));
  return [{ v: hessian.add(hessian.transpose(1, 2)).mul(0.5), w: gradient }, { gain, shift }];
}

/** Of symmetric matrices [env, 2, 2]. */
function inverted(m: Tensor): Tensor {
  const [a, b, c, d] = m.reshape(-1, 4).split(1, 1) as [Tensor, Tensor, Tensor, Tensor];
  const determinant = a.mul(d).sub(b.mul(c));
  return concat([d, b.neg(), c.neg(), a], 1).div(determinant).reshape(-1, 2, 2);
}
