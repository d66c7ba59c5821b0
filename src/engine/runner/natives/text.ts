import { type Native, type NativeAnswer, NativeError } from './native.ts'
import { ProcessorTime } from './processor-time.ts'

/** Bytes, or characters, that one call may bring: some milliseconds of work. */
const CALL_SIZE = 1_500_000

/** Turns bytes of UTF-8 into text and back, which V8 does ten times as fast as code inside an isolate can. It has no state between calls. */
export function createText (): Native {
  const time = new ProcessorTime()
  return {
    get cpuMs () { return time.cpuMs },
    callSync: (method, args, bytes) => time.measure(() => answer(method, args, bytes)),
    call: () => Promise.reject(new NativeError('TypeError', 'Cannot call native: it answers at once')),
    close () {},
  }
}

const decoders = { fatal: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }), loose: new TextDecoder('utf-8', { ignoreBOM: true }) }

/**
 * `decode` and `decodeFatal` answer the text of bytes in Base64, `decodeBytes` that of bytes as they are; a byte order mark is kept. `encode` answers the
 * bytes of the text that is its argument in Base64, `encodeBytes` answers them as they are.
 */
function answer (method: string, args: unknown, bytes: Buffer): NativeAnswer {
  if (bytes.length > CALL_SIZE * 4 / 3) throw new NativeError('TypeError', 'Cannot decode text: that is too much at a time')
  switch (method) {
    case 'decode': return { text: decoders.loose.decode(fromBase64(bytes)) }
    case 'decodeFatal': return { text: decodeFatal(fromBase64(bytes)) }
    case 'decodeBytes': return { text: decoders.loose.decode(bytes) }
    case 'encode': return { text: encode(args).toString('base64') }
    case 'encodeBytes': return { text: '', bytes: encode(args) }
    default: throw new NativeError('TypeError', 'Cannot call native: the method is not known')
  }
}

function fromBase64 (bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1'), 'base64')
}

function decodeFatal (bytes: Buffer): string {
  try {
    return decoders.fatal.decode(bytes)
  } catch {
    throw new NativeError('TypeError', 'Cannot decode text: the bytes are not of the encoding')
  }
}

function encode (text: unknown): Buffer {
  if (typeof text !== 'string' || text.length > CALL_SIZE) throw new NativeError('TypeError', 'Cannot encode text: that is none, or too much at a time')
  return Buffer.from(text, 'utf8')
}
