import { randomUUID } from 'node:crypto'
import { type Native, NativeError } from './native.ts'

/** Makes what has to be unlike anything else. It has no state, and each call is done in microseconds. */
export function createRandom (): Native {
  return {
    cpuMs: 0,
    callSync (method) {
      if (method !== 'uuid') throw new NativeError('TypeError', 'Cannot call native: it makes a uuid, and nothing else')
      return { text: randomUUID() }
    },
    call: () => Promise.reject(new NativeError('TypeError', 'Cannot call native: it answers at once')),
    close () {},
  }
}
