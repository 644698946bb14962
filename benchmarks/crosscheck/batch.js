// Ten predictions in each request, as the scenario `batch` asks for them; the service is the batched one:
//   k6 run -e HOST=http://127.0.0.1:8000 benchmarks/crosscheck/batch.js
// RATE (requests a second; default: the scenario's) or VUS (users without a pause) says how many,
// DURATION (30s) how long, RAMP in which time before that the users come, PLAN names another plan.
import { optionsOf, planAt, predict } from "./load.js";

const plan = planAt(__ENV.PLAN || "./batch.json");

export const options = optionsOf(plan);

export default function () {
  predict(plan);
}
