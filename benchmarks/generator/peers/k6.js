// A minimal k6 script: a ready body, no checks, replies discarded.
import http from "k6/http";

export const options = { vus: 32, duration: "10m", discardResponseBodies: true };

const url = `${__ENV.HOST}/api/models/insurance_charges_model/prediction`;
const body = '{"age":42,"sex":"female","bmi":24.0,"children":2,"smoker":false,"region":"northwest"}';
const parameters = { headers: { "Content-Type": "application/json" } };

export default function () {
  http.post(url, body, parameters);
}
