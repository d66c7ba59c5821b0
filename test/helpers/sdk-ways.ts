import type { LiveOptions } from '../../clients/sdk/src/index.ts'

/** The ways in which the client follows what happens. */
export const WAYS: Readonly<Record<string, LiveOptions>> = {
  'Server-Sent Events': { transport: 'sse' },
  'the long poll': { transport: 'poll' },
}
