import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import type { ToolCode } from '../core/runner-protocol.ts'

/** What a method of a tool may know of the run that calls it. */
export interface ToolContext {
  tenant: string
  jobId: string
  attempt: number
  /** Aborts when the call has had its time, or when the run is over: whatever the method started has to end then. */
  signal: AbortSignal
}

/** One method of a tool. Both ends have a schema: what user code sent is nobody's type, and what goes back is seen by user code. */
export interface ToolMethod {
  input: z.ZodType
  output: z.ZodType
  timeoutMs: number
  /** True for a method whose call is felt outside of this service: a run that may have lost its job must not make one. */
  outside: boolean
  run (input: unknown, context: ToolContext): unknown
}

/** Milliseconds that a call may take when its method does not say. */
const TIMEOUT_MS = 10_000

/**
 * Ties the types of a method to its schemas. `timeoutMs` is 10 s unless given. `effect: 'outside'` says that a call changes something outside of
 * this service (sends, writes, pays): it is refused to a run whose worker cannot show that the job is still its own.
 */
export function defineMethod<I extends z.ZodType, O extends z.ZodType> (method: {
  input: I
  output: O
  timeoutMs?: number
  effect?: 'none' | 'outside'
  run (input: z.output<I>, context: ToolContext): z.input<O> | Promise<z.input<O>>
}): ToolMethod {
  const { run, timeoutMs = TIMEOUT_MS, effect = 'none', ...schemas } = method
  return { ...schemas, timeoutMs, outside: effect === 'outside', run: (input, context) => run(input as z.output<I>, context) } // the broker has read it with `input`
}

/** A tool with the configuration of this service. */
export interface Tool {
  readonly name: string
  /** The module of its guest half, as a path. */
  readonly guestFile: string
  readonly native: boolean
  /** JSON text of what its guest half, or its native, is given. */
  readonly exposed: string
  readonly methods: Readonly<Record<string, ToolMethod>>
}

/** A tool before its configuration is known. */
export interface ToolDefinition {
  readonly name: string
  /** Throws a ZodError when the configuration does not fit. */
  setup (config: unknown): Tool
}

const NAME = /^[A-Za-z_$][\w$]{0,63}$/

/**
 * Defines a capability that a job may ask for by name. `setup` is called once in each worker; its methods run there, with whatever
 * authority the worker has, and nothing of what it holds reaches user code but what a method answers. A `native` tool has no methods:
 * its calls are answered in the runner, by the native of its name.
 */
export function defineTool<C extends z.ZodObject> ({ name, config: schema, guest, native = false, expose = () => null, setup = () => ({}) }: {
  /** Name of the global that user code sees; a JavaScript identifier of at most 64 characters. */
  name: string
  /** Read from the operator's configuration; every member needs a default. */
  config: C
  /** The module of its guest half: plain JavaScript whose default export builds the global. */
  guest: URL
  native?: boolean
  /** What the guest half may know of the configuration; nothing unless given. */
  expose? (config: z.output<C>): unknown
  setup? (config: z.output<C>): Record<string, ToolMethod>
}): ToolDefinition {
  if (!NAME.test(name)) throw new TypeError(`Cannot define tool "${name}": its name is not an identifier of at most 64 characters`)
  return {
    name,
    setup (given) {
      const config = schema.parse(given)
      return { name, guestFile: fileURLToPath(guest), native, exposed: JSON.stringify(expose(config)), methods: setup(config) }
    },
  }
}

/** Thrown by a tool when user code may know why. Anything else that a tool throws is kept from it. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly code: ToolCode

  constructor (message: string, options: ErrorOptions & { code?: ToolCode } = {}) {
    super(message, options)
    this.code = options.code ?? 'TOOL_ERROR'
  }
}
