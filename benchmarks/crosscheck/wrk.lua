-- Sends the lines of the file BODIES (default: those of single.js) in turn; prints what came of it as one line
-- of JSON, socket errors by their kind:
--   wrk -t 1 -c 300 -d 10s -s benchmarks/crosscheck/wrk.lua \
--     http://127.0.0.1:8000/api/models/insurance_charges_model/prediction
wrk.method = "POST"
wrk.headers["Accept"] = "application/json"
wrk.headers["Content-Type"] = "application/json"

local ready, turn = {}, 0

function init(arguments)
   for body in io.lines(os.getenv("BODIES") or "benchmarks/crosscheck/single.jsonl") do
      ready[#ready + 1] = wrk.format(nil, nil, nil, body)
   end
end

function request()
   turn = turn % #ready + 1
   return ready[turn]
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"replies": %d, "seconds": %f, "refused": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d, '
         .. '"p50_ms": %f, "p95_ms": %f, "p99_ms": %f, "max_ms": %f}\n',
      summary.requests, summary.duration / 1e6, errors.status,
      errors.connect, errors.read, errors.write, errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
      latency:percentile(99) / 1e3, latency.max / 1e3))
end
