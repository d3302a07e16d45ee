/** An import that is declared in another file than the entry, in the module that is named after it. */
@suspends
export declare function callOther(value: string): string;
