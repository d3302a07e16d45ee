/** What `--help` prints. */
import type { Palette } from "./palette.ts";

const COMMANDS = `
usage
  as-fibers run <file.ts> [options] [-- arguments]
  as-fibers build <file.ts> -o <path> [options]
  as-fibers demo [name] [-- arguments]
  as-fibers init [folder]
  as-fibers --help | --version

commands
  run     compile an AssemblyScript program in memory and run its main
  build   compile a program to a module that JavaScript imports, or that a
          WASI host runs
  demo    list the examples, or run one; "demo showcase" is the tour
  init    make a project that builds, runs and tests at once

"as-fibers run --help" tells more.
`;

const RUN = `
usage
  as-fibers run <file.ts> [options] [-- arguments]

Compiles the program in memory and runs the function main that it exports.
The arguments are given to main: strings, numbers and bool, by the types of its
parameters. What main returns is printed. When main has returned, the program
ends: fibers that still run are cancelled, and their cleanups run. So it does
when interrupted (Ctrl-C, SIGTERM); a second time, it ends at once. SIGUSR2
lists all fibers on standard error, with what each waits for, and where.

options
  --driver node|epoll|poll|virtual
      who serves the program: node, the default, Node's event loop; epoll or
      poll, the operating system's event queue, in which the thread sleeps
      while all fibers wait (needs koffi: npm install koffi); or virtual, a
      simulated world, whose clock jumps to the next event when all fibers
      wait, and in which the program is alone; its standard input is read
      before main begins, and not at all from a terminal
  --target debug|release|wasi
      debug, the default, starts fast and names every frame of a failure;
      release is optimized; wasi is release for a WASI host, here the one of
      as-fibers/wasi: the program brings its own driver, a trap ends it, and
      the words behind "--" are its command line
  --watch
      runs again whenever the program, or a file that it imports, has changed;
      what still runs is ended as by Ctrl-C, which ends the watch too; its
      standard input is at its end
  --runtime incremental|minimal|stub
      how garbage is collected: incremental by default; stub never frees
  --stack-limit <bytes>
      the most that one fiber may save when it waits; 262144 by default
  --leaks warn|error|ignore
      what is said of fibers that still wait when main has returned, and of
      scopes that nobody has waited for: warn, by default; error: the exit
      code is 1, also for failures that nobody looked at
  --trace <file.json>
      writes what happened: a lane for each fiber, and arrows from who woke
      whom; ui.perfetto.dev and chrome://tracing show it
  -h, --help

options with --driver virtual
  --seed <number>
      where random numbers begin; 1 by default
  --policy fifo|random|pct
      which of several ready fibers runs next: the one that has been ready
      longest, by default; any; or by priorities that change a few times. When
      main fails, the schedule is printed
  --replay <schedule>
      repeats a run exactly, by the text that another one has printed
  --shrink
      when main fails, looks for a smaller run that fails by the same code, of
      fewer fibers and choices, and tells it step by step

options with --target wasi
  --base @wasmer/wasi|node:wasi
      who serves what as-fibers/wasi does not do itself; @wasmer/wasi by
      default
  --listen [host:]port
      opens a socket that listens, before the program starts: its first
      TcpListener.bind gets the first one, and so on
  --dir <directory>[::name]
      a directory that it may open, by that name, or by the same; with base
      @wasmer/wasi a copy in memory, in which it may write without effect
  --env NAME=value
      a variable of its environment
  --debug
      not optimized, with names for the frames of a trap

exit codes
  0    main has returned
  1    main failed, or the program does not compile: see standard error
  2    called wrongly: no such file, no main, an unknown option
  130  interrupted by Ctrl-C (SIGINT)
  143  terminated (SIGTERM)
`;

const BUILD = `
usage
  as-fibers build <file.ts> -o <path> [options]
  as-fibers build <file.ts> -o <file.wasm> --target wasi [options]

Compiles a program for JavaScript: writes <path>.wasm, <path>.js, <path>.d.ts
and <path>.wasm.map. Whoever imports <path>.js gets the functions that the
program exports, each an async function, with their types.

With --target wasi it writes one file, that imports only
wasi_snapshot_preview1 and begins by _start, which runs the function main that
the program exports.

options
  -o, --out <path>
  --target javascript|wasi
      who runs it: javascript by default
  --imports <file.js>
      exports the functions that the program imports, by their names; else
      they are given to instantiate({ imports })
  --debug
      not optimized, with names for the frames of a trap; optimized by default
  --runtime incremental|minimal|stub
      how garbage is collected: incremental by default; stub never frees
  --stack-limit <bytes>
      with --target wasi: the most that one fiber may save when it waits;
      262144 by default
  -h, --help

exit codes
  0    the files are written
  1    the program does not compile, or a file cannot be written
  2    called wrongly: no such file, an unknown option
`;

const INIT = `
usage
  as-fibers init [folder]

Makes a project in the folder, which is created when there is none, or in the
working directory: package.json, asconfig.json, a program in assembly/, a test
in test/, README.md and .gitignore. It needs "npm install" before it runs. A
folder that has one of these files already is left as it is.

options
  -h, --help

exit codes
  0    the project is made
  1    a file cannot be written
  2    called wrongly: the folder has such files, an unknown option
`;

const DEMO = `
usage
  as-fibers demo                          list the examples
  as-fibers demo showcase                 the tour
  as-fibers demo <name> [-- arguments]    run an example

The arguments are given to its main. A server prints where it listens, and
serves until it is interrupted (Ctrl-C, SIGTERM): then it closes in order, and
the exit code is 0. Interrupted a second time, it ends at once.

examples
  as-fibers demo delay-server             on a port that is free
  as-fibers demo delay-server -- 8080     on port 8080
`;

/** The help of the whole command, or of one. */
export function help(topic: "run" | "build" | "init" | "demo" | "all", colours: Palette): string {
  const text = { run: RUN, build: BUILD, init: INIT, demo: DEMO, all: COMMANDS }[topic];
  const title = `${colours.bold("as-fibers")}   green threads for WebAssembly, in AssemblyScript\n`;
  return title + text.replace(/^[a-z ]+$/gm, (heading) => colours.bold(heading));
}
