// @ts-check
/** A child process's side of `bench/child.ts`: answers what the parent asks. */

/** What can be asked, by name: each takes one value and gives another, both as JSON can carry them. */
/** @typedef {Record<string, (question: never) => unknown>} Answers */

/**
 * Answers by these functions, until the parent has gone.
 *
 * @template {Answers} A
 * @param {A} answers
 * @returns {A} the same, for its type
 */
export function answer(answers) {
  process.on("message", async (message) => {
    const { id, name, question } = /** @type {{ id: number, name: string, question: never }} */ (message);
    try {
      process.send?.({ id, value: await answers[name]?.(question) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
  return answers;
}
