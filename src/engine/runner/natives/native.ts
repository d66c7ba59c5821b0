/** What a native answers: JSON text, and bytes where there are any. */
export interface NativeAnswer { text: string, bytes?: Buffer }

/**
 * The part of a tool that runs in the runner's thread. It has no authority: it can reach neither the network nor a file nor another run,
 * and what it may cost is bounded. Every argument comes from user code and is unknown until it has been checked. There is one for each
 * run; its state dies with the run.
 */
export interface Native {
  /** For what the standard wants at once. Throws a NativeError for what user code did wrong. */
  callSync (method: string, args: unknown, bytes: Buffer): NativeAnswer
  /** Rejects with a NativeError for what user code did wrong. */
  call (method: string, args: unknown, bytes: Buffer): Promise<NativeAnswer>
  /** What a module of Node's asks of the same tool. Its calls are none of the tool's: they count as nothing but the time that they take, which is in `cpuMs`. */
  readonly library?: Native
  /** Milliseconds of processor time that its calls took so far, whichever thread they were done in. */
  readonly cpuMs: number
  /** The run is over: what has not begun does not begin any more. */
  close (): void
}

/**
 * The one error of a native that reaches user code, name and message as they are: neither may tell anything of the host. Whatever else
 * is thrown becomes a bare `OperationError`.
 */
export class NativeError extends Error {
  constructor (name: string, message: string) {
    super(message)
    this.name = name
  }
}
