-- One ready request, sent repeatedly.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"age":42,"sex":"female","bmi":24.0,"children":2,"smoker":false,"region":"northwest"}'
