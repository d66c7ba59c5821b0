import assert from 'node:assert/strict'
import type { webcrypto } from 'node:crypto'
import { startEngine, type RunOptions } from '../../helpers/engine.ts'

/** What the programs of these tests are given beside their input. Each is sent into the sandbox as text. */
export const kit = {
  hex: (bytes: ArrayBuffer | Uint8Array): string => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
  bytes: (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array((hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))),
  text: (text: string): Uint8Array<ArrayBuffer> => new Uint8Array([...text].map((char) => char.charCodeAt(0))),
  /** Name and number of what a call throws or rejects with, or that it did not. */
  errorOf: async (call: () => unknown): Promise<string> => {
    try {
      await call()
      return 'no error'
    } catch (error) {
      const { name, code } = error as DOMException
      return typeof code === 'number' ? `${name} ${code}` : name // errors of Node's have codes that are texts
    }
  },
}
export type Kit = typeof kit
export type Program<Input = never> = (kit: Kit, input: Input) => unknown

/** SubtleCrypto that lets a test call it with whatever it wants to, and calls what comes whatever the test says. */
export type LooseSubtle = Record<Exclude<keyof webcrypto.SubtleCrypto, 'supports'>, (...args: unknown[]) => Promise<never>>

const kitText = `{ ${Object.entries(kit).map(([name, value]) => `${name}: ${value.toString()}`).join(', ')} }`

/** The code of a job that runs a program. */
export function toJob<Input> (program: Program<Input>): string {
  return `export default async (input) => (${program.toString()})(${kitText}, input)`
}

/** Starts one engine for a test file, whose jobs have the tool. To be called at the top of a test file. */
export async function startCrypto (config: object = {}) {
  const { engine, run, resultOf, failureOf } = await startEngine({ lanes: 1, spares: 0, tools: { own: '', config: JSON.stringify({ crypto: config }) } })
  const withTool = (options: RunOptions = {}): RunOptions => ({ tools: ['crypto'], ...options })
  return {
    engine,
    run: (code: string, options?: RunOptions) => run(code, withTool(options)),
    failureOf: (code: string, options?: RunOptions) => failureOf(code, withTool(options)),
    /** What a program results in inside the sandbox. */
    inside: <Input = never>(program: Program<Input>, options?: RunOptions) => resultOf(toJob(program), withTool(options)),
    /** Asserts that a program results in the same inside the sandbox as with Node's own Web Cryptography. Answers what. */
    async same<Input = never> (program: Program<Input>, input?: Input): Promise<unknown> {
      const outside = JSON.parse(JSON.stringify(await program(kit, input as Input)) ?? 'null') as unknown // as a result travels
      assert.deepEqual(await resultOf(toJob(program), withTool({ input })), outside)
      return outside
    },
  }
}
