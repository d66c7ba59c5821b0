import type { Inflate, InflateRaw, ZstdDecompress } from 'node:zlib'

/** What of a piece was taken, and whether what it belongs to is complete with it. */
export interface Decoded {
  taken: number
  ended: boolean
}

/** Gives everything that comes out of one more piece, as fast as it is asked for: a decoder holds one portion of it. Throws what the decoder says. */
export async function * decode (decoder: InflateRaw | Inflate | ZstdDecompress, piece: Buffer): AsyncGenerator<Buffer, Decoded> {
  const before = decoder.bytesWritten
  let state: 'working' | 'taken' | 'ended' = 'working'
  let failure: Error | undefined
  let wake = (): void => {}
  const onEnd = (): void => {
    state = 'ended'
    wake()
  }
  const onError = (error: Error): void => {
    failure = error
    wake()
  }
  const onReadable = (): void => wake()
  decoder.on('readable', onReadable).once('end', onEnd).once('error', onError)
  try {
    decoder.write(piece, () => {
      if (state === 'working') state = 'taken'
      wake()
    })
    for (;;) {
      const out = decoder.read() as Buffer | null // no encoding is set
      if (out) yield out
      else if (failure) throw failure
      else if (state !== 'working') return { taken: decoder.bytesWritten - before, ended: state === 'ended' }
      else await new Promise<void>((resolve) => { wake = resolve })
    }
  } finally {
    decoder.off('readable', onReadable).off('end', onEnd).off('error', onError)
  }
}
