// What single.js and batch.js share: the load that is asked for, and one request whose reply is checked.
//
// A plan (single.json) and its request bodies (single.jsonl) follow from a scenario:
// `python -m benchmarks.crosscheck --plans` writes both.
import { check } from "k6";
import { SharedArray } from "k6/data";
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Rate } from "k6/metrics";

const errors = new Rate("errors");
const refused = new Counter("refused"); // answered, but not as asked
const broken = new Counter("broken"); // no connection, one that ended early, or too late
const goodReplies = new Counter("good_replies");
const goodRows = new Counter("good_rows");

const parameters = {
  headers: { Accept: "application/json", "Content-Type": "application/json" },
  tags: { name: "prediction" },
};

export function planAt(path) {
  const plan = JSON.parse(open(path));
  plan.bodies = new SharedArray("bodies", () => open(path.replace(/json$/, "jsonl")).trim().split("\n"));
  plan.url = `${__ENV.HOST || "http://127.0.0.1:8000"}${plan.path}`;
  return plan;
}

// RATE is the open model: requests leave when they are due. VUS is the closed one: a request leaves when the
// reply to the last one is there. Without either, the plan's own rate.
export function optionsOf(plan) {
  const duration = __ENV.DURATION || "30s";
  const load = __ENV.VUS
    ? { executor: "constant-vus", vus: Number(__ENV.VUS), duration, gracefulStop: `${plan.timeout_s}s` }
    : {
        executor: "constant-arrival-rate",
        rate: Number(__ENV.RATE || plan.rate),
        timeUnit: "1s",
        duration,
        preAllocatedVUs: 50,
        maxVUs: 1000,
        gracefulStop: `${plan.timeout_s}s`,
      };
  return {
    scenarios: { [plan.scenario]: load },
    thresholds: plan.thresholds,
    summaryTrendStats: ["min", "avg", "med", "p(95)", "p(99)", "max", "count"],
  };
}

export function predict(plan) {
  const body = plan.bodies[exec.scenario.iterationInTest % plan.bodies.length];
  const reply = http.post(plan.url, body, { ...parameters, timeout: plan.timeout_s * 1000 });
  const good = check(reply, { "a prediction": (it) => it.status === 200 && answers(plan, it) });
  errors.add(!good);
  if (good) {
    goodReplies.add(1);
    goodRows.add(plan.rows || 1);
  } else {
    (reply.status === 0 ? broken : refused).add(1);
  }
}

// One prediction, or a list of as many as were asked for, each with its finite number.
function answers(plan, reply) {
  if (plan.finite === null) {
    return true;
  }
  try {
    const found = reply.json();
    const predictions = plan.rows === null ? [found] : found;
    const enough = Array.isArray(predictions) && predictions.length === (plan.rows || 1);
    return enough && predictions.every((each) => Number.isFinite(each[plan.finite]));
  } catch {
    return false;
  }
}
