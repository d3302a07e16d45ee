/** Traps before main. */
const values: i32[] = [];

export const first = values[0];

export function main(): void {}
