/** A program of its own, in which nothing has chosen an engine yet: two refusals, then what is computed after them. */

import { tensor, useDevice } from "../../mod.ts";

const none = { hardware: null, software: null, problem: "The driver is away." };
const refusal = (device: string) => useDevice(device as "cpu", none).then(String, (error: Error) => error.message);
const refusals = [await refusal("webgpu"), await refusal("cuda")];
const value = await tensor([1]).add(1).item();
const isOpenedOnce = await useDevice("cpu") === await useDevice("cpu");
console.log(JSON.stringify({ refusals, value, isOpenedOnce }));
