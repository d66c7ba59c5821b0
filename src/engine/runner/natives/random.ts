import { randomUUID } from 'node:crypto'
import { type Native, NativeError } from './native.ts'
import { ProcessorTime } from './processor-time.ts'

/** Makes what has to be unlike anything else. It keeps no state but the time that it took. */
export function createRandom (): Native {
  const time = new ProcessorTime()
  return {
    get cpuMs () { return time.cpuMs },
    callSync (method) {
      if (method !== 'uuid') throw new NativeError('TypeError', 'Cannot call native: it makes a uuid, and nothing else')
      return time.measure(() => ({ text: randomUUID() }))
    },
    call: () => Promise.reject(new NativeError('TypeError', 'Cannot call native: it answers at once')),
    close () {},
  }
}
