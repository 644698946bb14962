// The same with the check that this suite makes of each reply: status 200 and a finite number.
import { check } from "k6";
import http from "k6/http";

export const options = { vus: 32, duration: "10m" };

const url = `${__ENV.HOST}/api/models/insurance_charges_model/prediction`;
const body = '{"age":42,"sex":"female","bmi":24.0,"children":2,"smoker":false,"region":"northwest"}';
const parameters = { headers: { "Content-Type": "application/json" } };

export default function () {
  const reply = http.post(url, body, parameters);
  check(reply, { "a prediction": (it) => it.status === 200 && Number.isFinite(it.json("charges")) });
}
