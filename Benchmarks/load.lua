-- SPDX-License-Identifier: Apache-2.0
--
-- For wrk: sends the signed requests of a file one after the other (every line is `Authorization<TAB>body`), or GETs
-- when no file is given; prints one JSON line at the end. With MEAN_DELAY_MS each connection pauses between requests,
-- exponentially distributed, so that the load stays under the peak.

local requests, position, mean_delay = nil, 0, tonumber(os.getenv("MEAN_DELAY_MS") or "0")

local path = os.getenv("REQUESTS")
if path then
  requests = {}
  for line in io.lines(path) do
    local authorization, body = line:match("^([^\t]+)\t(.+)$")
    requests[#requests + 1] = wrk.format("POST", "/", {
      ["Host"] = os.getenv("SIGNED_HOST"),
      ["Content-Type"] = "application/x-www-form-urlencoded",
      ["X-Amz-Date"] = os.getenv("SIGNED_DATE"),
      ["Authorization"] = authorization,
    }, body)
  end
  request = function()
    position = position % #requests + 1
    return requests[position]
  end
end

-- As HURRIED the threads that send have real-time priority, but not what reads the file: at that priority it would hold the core
-- for tenths of a second, and with it the kernel's own threads there, which send what the server writes to the disk.
if os.getenv("HURRIED") then
  init = function()
    os.execute("chrt --fifo -p 1 $PPID")
  end
end

if mean_delay > 0 then
  math.randomseed(os.time())
  delay = function()
    return math.floor(-math.log(1 - math.random()) * mean_delay + 0.5)
  end
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
