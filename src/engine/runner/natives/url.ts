import { domainToASCII, domainToUnicode } from 'node:url'
import { type Native, type NativeAnswer, NativeError } from './native.ts'
import { ProcessorTime } from './processor-time.ts'

/** Four times what any resolver takes. A longer text is no domain: what it takes to encode one grows with the square of its length. */
const DOMAIN_CHARS = 1024

/**
 * Internationalised domain names for one run: the table behind them is larger than the rest of what parses URLs. Answers an empty text for what is no domain.
 * It keeps no state but the time that it took. Source: https://url.spec.whatwg.org/#idna
 */
export function createUrl (): Native {
  const time = new ProcessorTime()
  return {
    get cpuMs () { return time.cpuMs },
    callSync: (method, domain) => time.measure(() => answer(method, domain)),
    call: () => Promise.reject(new NativeError('TypeError', 'Cannot call native: it answers at once')),
    close () {},
  }
}

function answer (method: string, domain: unknown): NativeAnswer {
  if (typeof domain !== 'string') throw new NativeError('TypeError', 'Cannot read domain: it is not a text')
  if (domain.length > DOMAIN_CHARS) return { text: '""' }
  if (method === 'toAscii') return { text: JSON.stringify(domainToASCII(domain)) }
  if (method === 'toUnicode') return { text: JSON.stringify(domainToUnicode(domain)) }
  throw new NativeError('TypeError', 'Cannot call native: the method is unknown')
}
