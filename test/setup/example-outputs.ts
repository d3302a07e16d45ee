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
};
