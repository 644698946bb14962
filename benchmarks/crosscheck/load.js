// What single.js and batch.js share: the load that is asked for, and one request whose reply is checked.
//
// A plan (single.json) and its request bodies (single.jsonl) follow from a scenario:
// `python -m benchmarks.crosscheck --plans` writes both. What a request costs k6 is kept small: only metrics that
// something asks for, and no more tags than the thresholds need.
import http from "k6/http";
import { Counter, Rate } from "k6/metrics";

const errors = new Rate("errors");
const refused = new Counter("refused"); // answered, but not as asked
const broken = new Counter("broken"); // no connection, one that ended early, or too late
const goodReplies = new Counter("good_replies");
const goodRows = new Counter("good_rows");

export function planAt(path) {
  const plan = JSON.parse(open(path));
  plan.bodies = open(path.replace(/json$/, "jsonl")).trim().split("\n");
  plan.url = `${__ENV.HOST || "http://127.0.0.1:8000"}${plan.path}`;
  plan.parameters = {
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    timeout: plan.timeout_s * 1000,
  };
  return plan;
}

// RATE is the open model: requests leave when they are due. VUS is the closed one: a request leaves when the
// reply to the last one is there. Without either, the plan's own rate.
export function optionsOf(plan) {
  const duration = __ENV.DURATION || "30s";
  const gracefulStop = `${plan.timeout_s}s`;
  const load = __ENV.VUS
    ? { executor: "constant-vus", vus: Number(__ENV.VUS), duration, gracefulStop }
    : {
        executor: "constant-arrival-rate",
        rate: Number(__ENV.RATE || plan.rate),
        timeUnit: "1s",
        duration,
        preAllocatedVUs: 50,
        maxVUs: 1000,
        gracefulStop,
      };
  return {
    scenarios: { [plan.scenario]: load },
    thresholds: plan.thresholds,
    summaryTrendStats: ["min", "avg", "med", "p(95)", "p(99)", "max", "count"],
    systemTags: ["status", "expected_response"],
  };
}

// Each user goes round the bodies from a place of its own.
export function predict(plan) {
  const body = plan.bodies[(__ITER + 37 * __VU) % plan.bodies.length];
  const reply = http.post(plan.url, body, plan.parameters);
  const good = reply.status === 200 && answers(plan, reply);
  errors.add(!good);
  if (!good) {
    (reply.status === 0 ? broken : refused).add(1);
    return;
  }
  if ("good_replies" in plan.thresholds) {
    goodReplies.add(1);
  }
  if ("good_rows" in plan.thresholds) {
    goodRows.add(plan.rows || 1);
  }
}

// One prediction, or a list of as many as were asked for, each with its finite number.
function answers(plan, reply) {
  if (plan.finite === null) {
    return true;
  }
  try {
    if (plan.rows === null) {
      return Number.isFinite(reply.json(plan.finite));
    }
    const found = reply.json();
    return found.length === plan.rows && found.every((each) => Number.isFinite(each[plan.finite]));
  } catch {
    return false;
  }
}
