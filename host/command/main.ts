#!/usr/bin/env node
/** The command `as-fibers`. */
console.log("as-fibers");
