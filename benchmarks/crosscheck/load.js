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

export function optionsOf(plan) {
  return {
    scenarios: { [plan.scenario]: loadOf(plan) },
    thresholds: plan.thresholds,
    summaryTrendStats: ["min", "avg", "med", "p(95)", "p(99)", "max", "count"],
    systemTags: ["status", "expected_response"],
  };
}

// RATE is the open model: requests leave when they are due. VUS is the closed one: a request leaves when the
// reply to the last one is there; in the time RAMP the users come one after the other, then all stay for DURATION.
// Without RATE and VUS, the plan's own rate.
function loadOf(plan) {
  if (__ENV.RATE && __ENV.VUS) {
    throw new Error("RATE is for requests at their time, VUS for users who wait for replies: leave one of them out");
  }
  if (__ENV.RAMP && !__ENV.VUS) {
    throw new Error("RAMP is the time in which users come: VUS says how many");
  }
  const duration = __ENV.DURATION || "30s";
  const gracefulStop = `${plan.timeout_s}s`;
  const vus = countOf("VUS");
  if (__ENV.RAMP) {
    const stages = [{ duration: __ENV.RAMP, target: vus }, { duration, target: vus }];
    return { executor: "ramping-vus", startVUs: 0, stages, gracefulRampDown: gracefulStop, gracefulStop };
  }
  if (vus) {
    return { executor: "constant-vus", vus, duration, gracefulStop };
  }
  return {
    executor: "constant-arrival-rate",
    rate: countOf("RATE") || plan.rate,
    timeUnit: "1s",
    duration,
    preAllocatedVUs: 50,
    maxVUs: 1000,
    gracefulStop,
  };
}

function countOf(name) {
  const given = __ENV[name];
  if (given && !/^[1-9]\d*$/.test(given)) {
    throw new Error(`${name} is ${given}: give a whole number from 1 on`);
  }
  return Number(given || 0);
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
