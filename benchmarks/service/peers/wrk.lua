-- Sends the lines of the file BODIES in turn; prints what came of it as one line of JSON.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

local ready, turn = {}, 0

function init(arguments)
   for body in io.lines(os.getenv("BODIES")) do
      ready[#ready + 1] = wrk.format(nil, nil, nil, body)
   end
end

function request()
   turn = turn % #ready + 1
   return ready[turn]
end

function done(summary, latency, requests)
   local errors = summary.errors
   local broken = errors.connect + errors.read + errors.write + errors.timeout
   io.write(string.format('\n{"replies": %d, "refused": %d, "broken": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f}\n',
      summary.requests, errors.status, broken, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
