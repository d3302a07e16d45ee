// @ts-check
/**
 * assemblyscript-prettier, without the second blank line that it puts in front of a decorator that no comment precedes.
 *
 * That package hides decorators in comments while prettier works, and prints a line break before one that comes first.
 */
// @ts-expect-error: the package has no declarations
import plugin from "assemblyscript-prettier";

const printer = plugin.printers["as-estree"];

export default {
  ...plugin,
  printers: {
    "as-estree": {
      ...printer,
      /**
       * @param {import("prettier").AstPath} path
       * @param {import("prettier").ParserOptions} options
       */
      printComment(path, options) {
        const doc = printer.printComment(path, options);
        const isFirstDecorator =
          Array.isArray(doc) && doc.length === 2 && typeof doc[1] === "string" && doc[1][0] === "@";
        return isFirstDecorator ? doc[1] : doc;
      },
    },
  },
};
