/** The four ways in which a car's gradient was lost, each mended where its message says: then its controller learns. */

import { everywhere } from "./follow.ts";
import { learns } from "./learns.ts";
import { textOf } from "./programs.ts";

/** What is put in the place of the conversion, and who learns then. */
const mended:
  readonly (readonly [name: string, edits: readonly (readonly [old: string, by: string])[], who: string])[] = [
    ["car_converted_once", [
      ["await plan.squeeze(0).toList() as number[]; // expect G101", "plan.squeeze(0).split(1);"],
      ["tensor([command])", "command"],
    ], "planner"],
    ["car_converted_in_helpers", [
      ["tensor(await toNumbers(x.squeeze(1)))", "x.squeeze(1)"],
    ], "controller"],
    ["car_converted_at_the_end", [
      ["await scene.car.getQpos().toList() as number[][]; // expect warning G111", "scene.car.getQpos();"],
      ["tensor(qpos).select", "qpos.select"],
    ], "controller"],
    ["car_errors_in_tensors", [
      [
        "await Promise.all([scene.car.getQpos().toList(), scene.car.getDofsVelocity().toList()]); // expect G101",
        "[scene.car.getQpos(), scene.car.getDofsVelocity()];",
      ],
      ["read.map((x) => tensor(x as number[][]))", "read"],
    ], "controller"],
  ];

for (const [name, edits, who] of mended) {
  Deno.test(`${name}: without the conversion the gradient goes through the physics, and ${who} learns`, async () => {
    const text = edits.reduce((text, [old, by]) => everywhere(text, old, by), textOf("broken", name));
    await learns(text, who);
  });
}
