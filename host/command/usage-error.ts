/** `UsageError`: the command was called in a way that it does not understand. Ends it with exit code 2. */
import { FibersError } from "../errors.ts";

export class UsageError extends FibersError {
  override name = "UsageError";
  /** The way out, as a sentence of its own. */
  readonly hint: string;

  constructor(code: string, message: string, hint: string) {
    super(code, message);
    this.hint = hint;
  }

  /** What `parseArgs` threw, as one sentence. */
  static ofOptions(error: unknown, hint: string): UsageError {
    const [sentence = ""] = (error as Error).message.split(". ");
    return new UsageError("E_INVALID_OPTION", sentence.charAt(0).toLowerCase() + sentence.slice(1), hint);
  }
}
