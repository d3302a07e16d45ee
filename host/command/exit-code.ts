/** How the command ends, as the shell sees it. */
export const ExitCode = {
  OK: 0,
  /** The program failed, or could not be compiled. */
  FAILED: 1,
  /** The command was called wrongly; nothing has run. */
  USAGE: 2,
  /** 128 + the signal's number, as shells do. */
  SIGINT: 130,
  SIGTERM: 143,
} as const;
