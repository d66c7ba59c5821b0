import type { FlowAnswer } from './api-types.ts'
import { BlockError } from './errors.ts'
import type { Requester } from './http/requester.ts'
import type { RequestOptions } from './options.ts'

/** How a block of code is run. */
export interface BlockOptions extends Omit<RequestOptions, 'idempotencyKey'> {
  /** Longest that the code may run, in milliseconds; as long as the service has it without. */
  timeout?: number | undefined
}

/** What a block of code returned, with what it printed and how long it took. */
export interface BlockAnswer<T = unknown> extends Omit<FlowAnswer, 'success' | 'result' | 'error'> {
  result: T
}

/**
 * Has a block of code run at once; nothing of it is kept. It is never run twice: only what was refused before it was begun is sent again. Throws a BlockError where the code failed, and an
 * ApiError where the call was refused or the service failed it.
 */
export async function runBlock<T> (requester: Requester, code: string, input: unknown, options: BlockOptions = {}): Promise<BlockAnswer<T>> {
  const answer = await (await import('./http/call-block.ts')).callBlock(requester, code, input, options) // loaded with the first block: most pages have none
  if (answer.error) throw new BlockError(answer as BlockError['answer']) // it has an error
  return answer as BlockAnswer<T> // the caller knows what the code returns
}
