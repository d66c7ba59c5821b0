import type { FlowAnswer, NewFlowCall } from '../api-types.ts'
import type { BlockOptions } from '../block.ts'
import type { Requester } from './requester.ts'

/** How long a block's code may run where it is not said: the service's own default. */
const TIMEOUT_MS = 10_000

/** Posts a block of code and answers what the service answered, whether the code failed or not. */
export async function callBlock (requester: Requester, code: string, input: unknown, { timeout, ...options }: BlockOptions): Promise<FlowAnswer> {
  const json: NewFlowCall = { codebase64: encodeBase64(code), input, ...(timeout === undefined ? {} : { timeout }) }
  return requester.json({ method: 'POST', path: 'flow/codeblock', json, waitMs: timeout ?? TIMEOUT_MS, readRefusal, ...options })
}

/** The endpoint has one shape for all its answers. */
function readRefusal (text: string, status: number): string {
  try {
    const { error } = JSON.parse(text) as Partial<FlowAnswer> // looked at in the next line
    return error ? JSON.stringify({ type: 'about:blank', title: error.type, status, detail: error.message, code: error.code }) : text
  } catch {
    return text // somebody else answered
  }
}

function encodeBase64 (text: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}
