/** Exports a function of another name. */
export function start(): void {}
