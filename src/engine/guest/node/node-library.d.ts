declare module 'node-library:facts' {
  /** The unit that a file of the library is in, by its name. */
  export const unitOfFile: Record<string, string>
  /** The constants of `node:os`. */
  export const os: { signals: Record<string, number>, errno: Record<string, number>, priority: Record<string, number> }
  /** Names and texts of the errors of a system, by their numbers. */
  export const systemErrors: [number, [name: string, message: string]][]
  /** Names of the digests that OpenSSL has. */
  export const cryptoHashes: string[]
  export const cryptoCiphers: string[]
  export const cryptoCurves: string[]
  export const cryptoMacs: string[]
  export const cryptoPostQuantumKeys: string[]
  export const cryptoConstants: Record<string, unknown>
  export const zlibConstants: Record<string, number>
  /** Characters that take two columns, as they stand within the brackets of a regular expression. */
  export const wideCharacters: string
  /** Of Node, with a `v` before it. */
  export const version: string
  /** Of Node and of what it is made of. */
  export const versions: Record<string, string>
}
