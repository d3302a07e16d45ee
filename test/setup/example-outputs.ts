/** What the examples print that print the same whenever and wherever they run. */
export const exampleOutputs: Record<string, string> = {
  "two-counters": Array.from({ length: 15 }, (_, i) => `${i < 10 ? `first ${i + 1}\n` : ""}second ${i + 1}\n`).join(""),
  "nested-spawn": `\
slept 50 ms
slept 100 ms
slept 200 ms
350 ms of sleep, 3 fibers at once
`,
  "sleep-sort": "1 2 3 5 8 9\n",
  "prime-sieve": "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71\n",
  "ping-pong": "ping 1\npong 2\nping 3\npong 4\nping 5\npong 6\n",
  "reverse-responses": "response-1\nresponse-2\nresponse-3\nresponse-4\nresponse-5\n",
  "five-at-once": `\
waited-300-ms
waited-100-ms
waited-500-ms
waited-200-ms
waited-400-ms
in the time of the slowest: true
`,
  "hundred-requests": `\
100 of 100 answered rightly, none early
100 of 100 in order
in the time of the slowest: true
`,
  cleanup: `\
the book is taken
the key is taken
the lamp is taken
the umbrella is taken
the book is given back
the key is given back
reader: done
guest: E_LOCKED: the door is locked
the umbrella is given back
the lamp is given back
waiter: E_CANCELLED: closing time
`,
  futures: `\
Ada: answer after 10
Grace: answer after 20
Edsger: answer after 30
Ada: answer after 40
Grace: answer after 50
Edsger: answer after 60
polled only when something was there: true
`,
  pipeline: `\
the squares of 1 to 100 add up to 338350
at most 7 numbers under way
`,
  "pub-sub": `\
quick: 1 2 3 4 5 6 7 8 9 10
slow: 1 (5 missed) 7 8 9 10
`,
  "rate-limiter": `\
request 1
request 2
request 3
request 4
request 5
request 6
request 7
request 8
8 requests, and no faster than allowed: true
`,
  "request-coalescing": `\
the page /a
E_NOT_FOUND: there is no /lost
the page /a
the page /b
the page /a
E_NOT_FOUND: there is no /lost
6 asked, 3 fetched
`,
  "udp-echo": `\
one
two
three
the server stops: E_CLOSED
`,
  "worker-pool": `\
8 squared is 64
7 squared is 49
6 squared is 36
5 squared is 25
4 squared is 16
3 squared is 9
2 squared is 4
1 squared is 1
at most 3 jobs at once
`,
};

/**
 * The part of an output that does not depend on time: what comes some milliseconds later than another may come at once with it when the
 * machine is slow, in any order. On simulated time the output is exact.
 */
export function withoutOrderInTime(name: string, output = ""): string {
  if (name === "reverse-responses") return output.split("\n").toSorted().join("\n");
  return name === "hundred-requests" ? output.replace(/^\d+ of 100 in order$/m, "in order") : output;
}
