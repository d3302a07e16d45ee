/** What a benchmark consists of: a part measures one thing, shows tables, and compares claims with what was asked. */
import type { Claim } from "./claim.ts";
import type { Table } from "./table.ts";

export interface Part {
  /** For `npm run bench -- <name>`. */
  name: string;
  title: string;
  run(): Promise<Result>;
}

export interface Result {
  tables: Table[];
  claims: Claim[];
  /** Everything measured, for the JSON file. */
  data: Record<string, unknown>;
}
