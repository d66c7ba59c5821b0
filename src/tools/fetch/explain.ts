import { errors } from 'undici'
import { type RefusedAddress, TooManyBytes } from '../../net/guarded-agent.ts'
import { findReason } from '../../net/reason.ts'
import type { RefusedTarget, Target } from '../../net/target.ts'
import { ToolError } from '../tool.ts'

/** Tells user code why a request or its response came to nothing. */
export function explain (error: unknown, { url }: Target, maxHeaderBytes: number): ToolError {
  if (error instanceof ToolError) return error
  if (error instanceof errors.HeadersOverflowError) return new ToolError(`Cannot fetch ${url.origin}: the answer's headers have more than ${maxHeaderBytes} bytes (maxHeaderBytes)`, { code: 'TOOL_LIMIT' })
  if (error instanceof TooManyBytes) return new ToolError(`Cannot fetch ${url.origin}: what came around the bodies is far more than the bodies may be (maxReceivedBytes)`, { code: 'TOOL_LIMIT' })
  return new ToolError(`Cannot fetch ${url.origin}: ${findReason(error)}`, { cause: error })
}

/** Says that a host is not granted, and what would grant it. */
export function denyHost ({ host, port }: Target): ToolError {
  const entry = port === 80 || port === 443 ? host : `${host}:${port}`
  return new ToolError(`Cannot fetch ${host}:${port}: the job was not granted it; permissions.net would have to name "${entry}"`, { code: 'PERMISSION_DENIED' })
}

export function denyAddress ({ host, port }: Target, { kind }: RefusedAddress): ToolError {
  return new ToolError(`Cannot fetch ${host}:${port}: its address is ${kind}; the operator would have to name it in allowRanges of the tool "fetch"`, { code: 'PERMISSION_DENIED' })
}

export function denyTarget ({ message, target }: RefusedTarget): ToolError {
  return new ToolError(`Cannot fetch${target && ` ${target}`}: ${message}`, { code: target === '' ? 'TOOL_ERROR' : 'PERMISSION_DENIED' })
}
