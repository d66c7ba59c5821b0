import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { type Grants, Permissions, type PermissionsRequest } from '../core/permissions.ts'
import type { ToolCode } from '../core/runner-protocol.ts'
import { narrow } from './narrow.ts'
import type { Receipt } from './receipt.ts'
import type { ToolServices } from './services.ts'

/** One run that calls tools. It is the same object for all calls of the run, so what a tool has to remember of a run hangs on it (see `perRun`). */
export interface ToolRun {
  readonly tenant: string
  readonly jobId: string
  readonly attempt: number
  /** Number of the run among all runs of the job: what is written under it is refused once another run began. */
  readonly fence: number
  /** The batch that the job is an item of. */
  readonly batchId: string | null
  /** Secrets that the job names, and may have. */
  readonly secrets: readonly string[]
  /** What the job asked for, and what its tools bring along. */
  readonly grants: Grants
  /** Takes down what the run uses and is denied. */
  readonly receipt: Receipt
  readonly services: ToolServices
  /** Aborts when the run is over: whatever was opened for it has to be closed then. */
  readonly signal: AbortSignal
  /** Keeps a text out of everything that the run leaves from now on: logs, progress, its result and its error. */
  conceal (name: string, value: string): void
}

/** One call. */
export interface ToolContext {
  readonly run: ToolRun
  /** Aborts when the call has had its time, or when the run is over: whatever the method started has to end then. */
  readonly signal: AbortSignal
  /** Bytes that came with the call. */
  readonly bytes: Buffer
}

/** One method of a tool. Both ends have a schema: what user code sent is nobody's type, and what goes back is seen by user code. */
export interface ToolMethod {
  input: z.ZodType
  output: z.ZodType
  timeoutMs: number
  /** True for a method whose call is felt outside of this service: a run that may have lost its job must not make one. */
  outside: boolean
  /** True for a method that answers once there is something to tell, however long that takes. */
  pull: boolean
  run (input: unknown, context: ToolContext): unknown
}

/** Milliseconds that a call may take when its method does not say. */
const TIMEOUT_MS = 10_000

/**
 * Ties the types of a method to its schemas. `timeoutMs` is 10 s unless given. `effect: 'outside'` says that a call changes something outside of
 * this service (sends, writes, pays): it is refused to a run whose worker cannot show that the job is still its own. A `pull` brings to the guest half
 * what comes from elsewhere, by a call that is kept open: it has no time-out and counts towards no limit, since what comes is not the run's doing. A run
 * has one open at a time; bound what waits for the next.
 */
export function defineMethod<I extends z.ZodType, O extends z.ZodType> (method: {
  input: I
  output: O
  timeoutMs?: number
  effect?: 'none' | 'outside'
  pull?: boolean
  run (input: z.output<I>, context: ToolContext): Answer<z.input<O>> | Promise<Answer<z.input<O>>>
}): ToolMethod {
  const { run, timeoutMs = TIMEOUT_MS, effect = 'none', pull = false, ...schemas } = method
  return { ...schemas, timeoutMs, outside: effect === 'outside', pull, run: (input, context) => run(input as z.output<I>, context) } // the broker has read it with `input`
}

/** What a method answers: a value, or one with bytes beside it. */
type Answer<T> = T | WithBytes<T>

/** An answer that has bytes beside its value: they go to the guest half as they are, without being written as JSON. */
export class WithBytes<T = unknown> {
  readonly value: T
  readonly bytes: Buffer

  constructor (value: T, bytes: Buffer) {
    this.value = value
    this.bytes = bytes
  }
}

/** Ties state to runs: what `create` makes at the first call of a run is answered to every later one, and forgotten with the run. */
export function perRun<S> (create: (run: ToolRun) => S): (run: ToolRun) => S {
  const states = new WeakMap<ToolRun, { state: S }>()
  return (run) => {
    const known = states.get(run) ?? { state: create(run) }
    states.set(run, known)
    return known.state
  }
}

/** What is known of a run before it begins. */
export interface ToolRequest {
  readonly tenant: string
  readonly tags: Readonly<Record<string, string>>
}

/** A tool with the configuration of this service. */
export interface Tool {
  readonly name: string
  /** What it is for, in a few words. */
  readonly description: string
  /** What jobs that name it may touch because of it. Throws what the tool's function throws, and a TypeError for an answer that is none. */
  readonly permissions: (request: ToolRequest) => PermissionsRequest
  /** The module of its guest half, as a path; null for a tool that every job has, on its context, and whose guest half is the guest's own. */
  readonly guestFile: string | null
  readonly native: boolean
  /** See `defineTool`. */
  readonly interfaces: readonly string[] | null
  /** JSON text of what its guest half, or its native, is given. */
  readonly exposed: string
  readonly methods: Readonly<Record<string, ToolMethod>>
  /** The same tool, held to less by what a job asks for. Throws a JobError INVALID where that is more, or nothing that a job may say. */
  readonly narrow: (asked: Readonly<Record<string, unknown>>) => Tool
}

/** A tool before its configuration is known. */
export interface ToolDefinition {
  readonly name: string
  /** Throws a ZodError when the configuration does not fit. */
  setup (config: unknown): Tool
}

const NAME = /^[A-Za-z_$][\w$]{0,63}$/

/**
 * Defines a capability that a job may ask for by name. `setup` is called once in each worker, and once more for each narrower configuration that a
 * job asks for; its methods run there, with whatever authority the worker has, and nothing of what it holds reaches user code but what a method
 * answers. A `native` tool has no methods: its calls are answered in the runner, by the native of its name.
 */
export function defineTool<C extends z.ZodObject> ({ name, description, permissions = 'none', config: schema, narrows = [], guest, native = false, interfaces, expose = () => null, setup = () => ({}) }: {
  /** Name of the global that user code sees; a JavaScript identifier of at most 64 characters. */
  name: string
  description: string
  /** What jobs that name the tool may touch because of it, beside what they ask for themselves. */
  permissions?: PermissionsRequest | ((request: ToolRequest) => PermissionsRequest)
  /** Read from the operator's configuration; every member needs a default. */
  config: C
  /** Members of the configuration that a job may narrow: a number to a lower one, a list to some of its values, true to false, a word of an enumeration to a later one. */
  narrows?: readonly (keyof z.output<C> & string)[]
  /** The module of its guest half: plain JavaScript whose default export builds the global. Null for those of `CONTEXT_TOOLS`. */
  guest: URL | null
  native?: boolean
  /**
   * Classes that the guest half exports, which become globals beside the tool's own. With this, even empty, it is evaluated when code first touches one of them, and
   * not before code runs: what code did by then must not matter to it, so that it may count on nothing that hangs on a prototype. Code that never does pays nothing for it.
   */
  interfaces?: readonly string[]
  /** What the guest half may know of the configuration; nothing unless given. */
  expose? (config: z.output<C>): unknown
  setup? (config: z.output<C>): Record<string, ToolMethod>
}): ToolDefinition {
  if (!NAME.test(name)) throw new TypeError(`Cannot define tool "${name}": its name is not an identifier of at most 64 characters`)
  if (guest !== null && !(guest instanceof URL)) throw new TypeError(`Cannot define tool "${name}": its guest is neither the URL of a module nor null`)
  for (const each of interfaces ?? []) if (!NAME.test(each) || each === name) throw new TypeError(`Cannot define tool "${name}": its interface "${each}" is not an identifier of at most 64 characters, or has its name`)
  const permissionsOf = buildPermissions(name, permissions)

  function build (config: z.output<C>): Tool {
    return {
      name,
      description,
      permissions: permissionsOf,
      guestFile: guest && fileURLToPath(guest),
      native,
      interfaces: interfaces ?? null,
      exposed: JSON.stringify(expose(config)),
      methods: setup(config),
      narrow: (asked) => build(narrow(name, config, { asked, narrows, schema })),
    }
  }

  return { name, setup: (given) => build(schema.parse(given)) }
}

/** What is wrong with a value is told where it is written, and with what a function answers, when it does. */
function buildPermissions (tool: string, given: PermissionsRequest | Tool['permissions']): Tool['permissions'] {
  if (typeof given === 'function') return (request) => readPermissions(tool, given(request))
  const read = readPermissions(tool, given)
  return () => read
}

function readPermissions (tool: string, given: unknown): PermissionsRequest {
  const read = Permissions.safeParse(given)
  if (!read.success) throw new TypeError(`Cannot use tool "${tool}": its permissions are not what docs/permissions.md has: ${JSON.stringify(given)}`, { cause: read.error })
  return read.data
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
