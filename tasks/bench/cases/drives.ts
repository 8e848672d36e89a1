/** 1,000 steps through physics and back: the gradient of a drive's cost with respect to all that was asked of the driver. */

import { compile, full, gradients, normal, randomKey, scan, type Tensor, type Tree, zeros } from "../../../mod.ts";
import type { DriveCase, Run } from "../protocol.ts";

const steps = 1000, dt = 0.01, start = 10;
/** CommonRoad's BMW 320i, as in `peers/physics.py`. */
const car = { mass: 1093, inertia: 1791, front: 1.156, rear: 1.422, height: 0.574 };
const tyre = { stiffness: 20.898, friction: 1.0489 };
const gravity = 9.81, turningLimit = 0.4, pushingLimit = 11.5;

interface Drive {
  readonly start: (envs: number) => Tree;
  /** The next state, and the cost of it. */
  readonly step: (state: Tree, a: Tensor, b: Tensor) => readonly [Tree, Tensor];
}

/** x, y, steering angle, speed, heading, yaw rate, slip angle; [env] each. */
type CarState = { [K in "x" | "y" | "angle" | "speed" | "heading" | "yaw" | "slip"]: Tensor };

/** A single-track car (CommonRoad's ST, its dynamic law), explicit Euler. */
function carStep({ x, y, angle, speed, heading, yaw, slip }: CarState, steer: Tensor, push: Tensor) {
  const [turning, pushing] = [steer.tanh().mul(turningLimit), push.tanh().mul(pushingLimit)];
  const share = tyre.stiffness * tyre.friction / (car.front + car.rear);
  const swing = yaw.div(speed);
  const load = (arm: number, shift: number): Tensor => pushing.mul(shift).add(arm * gravity).mul(share);
  const front = load(car.rear, -car.height).mul(angle.sub(slip).sub(swing.mul(car.front)));
  const rear = load(car.front, car.height).mul(swing.mul(car.rear).sub(slip));
  const course = heading.add(slip);
  const next: CarState = {
    x: x.add(speed.mul(course.cos()).mul(dt)),
    y: y.add(speed.mul(course.sin()).mul(dt)),
    angle: angle.add(turning.mul(dt)),
    speed: speed.add(pushing.mul(dt)),
    heading: heading.add(yaw.mul(dt)),
    yaw: yaw.add(front.mul(car.front).sub(rear.mul(car.rear)).mul(car.mass / car.inertia * dt)),
    slip: slip.add(front.add(rear).div(speed).sub(yaw).mul(dt)),
  };
  return [next, next.y.square().add(next.speed.sub(start).square()).mean()] as const;
}

type MassState = { [K in "x" | "y" | "u" | "v"]: Tensor };

/** A point mass with drag, semi-implicit Euler. */
function massStep(state: MassState, east: Tensor, north: Tensor) {
  const faster = (speed: Tensor, push: Tensor): Tensor => speed.add(push.sub(speed.mul(0.1)).mul(dt));
  const [u, v] = [faster(state.u, east), faster(state.v, north)];
  const [x, y] = [state.x.add(u.mul(dt)), state.y.add(v.mul(dt))];
  return [{ x, y, u, v }, x.sub(1).square().add(y.sub(1).square()).mean()] as const;
}

const named = (names: string, envs: number): { [name: string]: Tensor } =>
  Object.fromEntries(names.split(" ").map((name) => [name, zeros([envs])]));

const drives: Readonly<Record<DriveCase["drive"], Drive>> = {
  car: {
    start: (envs) => ({ ...named("x y angle heading yaw slip", envs), speed: full([envs], start) }),
    step: (state, a, b) => carStep(state as CarState, a, b),
  },
  "point mass": {
    start: (envs) => named("x y u v", envs),
    step: (state, a, b) => massStep(state as MassState, a, b),
  },
};

/** Compiles a drive; `floorMs` is asked for its least time. */
export async function drive({ drive: name, envs }: DriveCase, floorMs: () => number): Promise<Run> {
  const { start, step } = drives[name];
  const asked = [0, 1].map((seed) => normal(randomKey(seed), [steps, envs]).mul(0.1));
  await Promise.all(asked.map((x) => x.data()));
  const run = compile((a: Tensor, b: Tensor) => {
    const [, costs] = scan((state: Tree, x: { a: Tensor; b: Tensor }) => step(state, x.a, x.b), start(envs), { a, b });
    const loss = costs.mean();
    return [loss, ...gradients(loss, [a, b])];
  }, { name: `the drive of a ${name}` });
  await (await run(asked[0]!, asked[1]!))[0]!.item();
  const floor = floorMs();
  return async () => {
    const begin = performance.now();
    const [loss] = await run(asked[0]!, asked[1]!);
    await loss!.item();
    return { "floor ms": floor, "times the floor": (performance.now() - begin) / floor };
  };
}
