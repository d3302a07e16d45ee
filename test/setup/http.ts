/** HTTP/1.1 by hand: the text of requests, and what the text of responses means. */

export interface Response {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A request for this target, with these header lines. */
export function request(target: string, ...headers: string[]): string {
  return [`GET ${target} HTTP/1.1`, "Host: localhost", ...headers, "", ""].join("\r\n");
}

/** The complete responses in a text, and what follows them. */
export function parseResponses(text: string): { responses: Response[]; rest: string } {
  const responses: Response[] = [];
  let rest = Buffer.from(text);
  while (true) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) break;
    const [first = "", ...lines] = rest.toString("utf8", 0, headEnd).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const bodyEnd = headEnd + 4 + Number(headers["content-length"]);
    if (rest.length < bodyEnd) break;
    const status = Number(/^HTTP\/1\.1 (\d{3}) \S/.exec(first)?.[1]);
    responses.push({ status, headers, body: rest.toString("utf8", headEnd + 4, bodyEnd) });
    rest = rest.subarray(bodyEnd);
  }
  return { responses, rest: rest.toString("utf8") };
}
