/** Version of this library, written into every module that it builds. */
import manifest from "../package.json" with { type: "json" };

export const libraryVersion: string = manifest.version;
