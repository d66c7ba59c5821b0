declare module 'node-library:files' {
  /** The files of Node's library, by their names. Written by `engine/node-library.ts`. */
  export const files: Readonly<Record<string, (exports: object, require: (id: string) => any, module: { exports: any }, process: object, internalBinding: (name: string) => any, primordials: object) => void>>
}

declare module 'node-library:facts' {
  /** The constants of `node:os`. */
  export const os: { signals: Record<string, number>, errno: Record<string, number>, priority: Record<string, number> }
  /** Names and texts of the errors of a system, by their numbers. */
  export const systemErrors: [number, [name: string, message: string]][]
  /** Names of the digests that OpenSSL has. */
  export const cryptoHashes: string[]
  export const cryptoConstants: Record<string, unknown>
  /** Of Node, with a `v` before it. */
  export const version: string
}
