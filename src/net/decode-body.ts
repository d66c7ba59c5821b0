import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'

/** Codings of one body, one inside of the other. Hardly anybody needs two, and each takes memory of its own. */
const CODINGS_MAX = 3
/** Largest window in which a body may refer to what came before: 8 MB. Source: RFC 9659. */
const ZSTD_WINDOW_LOG = 23

/** What is asked for of a server. Not deflate, which is understood: some servers send it without the header that it has to have (RFC 9110, section 8.4.1.2). */
export const ACCEPT_ENCODING = 'gzip, br, zstd'

const DECODERS: Readonly<Record<string, () => Transform>> = {
  'gzip': () => createGunzip(),
  'x-gzip': () => createGunzip(),
  'deflate': () => createInflate(),
  'br': () => createBrotliDecompress(),
  'zstd': () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
}

/**
 * Makes the streams through which a body goes that has the codings of a Content-Encoding header. Answers none where one of them is not known, or where there
 * are more than anybody means: the body is then left as it is, which is what the Fetch standard asks for. They do not bound what comes out: whoever reads it
 * counts.
 */
export function createDecoders (contentEncoding: string): Transform[] {
  const names = contentEncoding.toLowerCase().split(',').map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity')
  if (names.length > CODINGS_MAX || !names.every((name) => Object.hasOwn(DECODERS, name))) return []
  return names.toReversed().flatMap((name) => DECODERS[name]?.() ?? [])
}
