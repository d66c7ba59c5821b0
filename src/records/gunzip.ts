import { crc32, createInflateRaw } from 'node:zlib'
import { RecordError } from '../core/records.ts'
import { decode } from './decode.ts'
import type { StoredBytes } from './stored-bytes.ts'

const MAGIC = 0x8b1f
const DEFLATE = 8
const HEADER_BYTES = 10
const TRAILER_BYTES = 8
const FLAGS = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const
/** Of each text in a header, which nobody needs: gzip puts the name of the file there. */
const TEXT_MAX_BYTES = 4096

/**
 * Decompresses the members of a gzip file, one after another. Node's own decoder takes a file whose members are followed by something else for whole, and
 * does not say where one ended. `onMember` is called with the byte at which one begins. Throws a RecordError that says which byte of the stored file is wrong. Source: RFC 1952.
 */
export async function * gunzip (stored: StoredBytes, onMember: (byte: number) => void): AsyncGenerator<Buffer> {
  while (await stored.fill()) {
    onMember(stored.position)
    await skipHeader(stored)
    yield * inflateMember(stored)
  }
}

async function skipHeader (stored: StoredBytes): Promise<void> {
  const start = stored.position
  const what = start === 0 ? 'the stored file is not gzip' : 'something that is not gzip follows in the stored file'
  const magic = await stored.take(2, 'the header of a gzip member')
  if (magic.readUInt16LE() !== MAGIC) throw new RecordError(`${what}, at byte ${start}`, { byte: start })
  const [method, flags = 0] = await stored.take(HEADER_BYTES - 2, 'the header of a gzip member')
  if (method !== DEFLATE || (flags & FLAGS.reserved) !== 0) throw new RecordError(`the header of a gzip member at byte ${start} of the stored file is of no known kind`, { byte: start })
  if (flags & FLAGS.extra) await stored.take((await stored.take(2, 'the header of a gzip member')).readUInt16LE(), 'the header of a gzip member')
  if (flags & FLAGS.name) await skipText(stored)
  if (flags & FLAGS.comment) await skipText(stored)
  if (flags & FLAGS.headerCrc) await stored.take(2, 'the header of a gzip member')
}

async function skipText (stored: StoredBytes): Promise<void> {
  for (let bytes = 0; bytes < TEXT_MAX_BYTES; bytes++) {
    if ((await stored.take(1, 'the header of a gzip member'))[0] === 0) return
  }
  throw new RecordError(`the header of a gzip member has a text of more than ${TEXT_MAX_BYTES} bytes before byte ${stored.position} of the stored file`, { byte: stored.position })
}

async function * inflateMember (stored: StoredBytes): AsyncGenerator<Buffer> {
  const start = stored.position
  const inflate = createInflateRaw()
  let sum = 0
  let bytes = 0
  try {
    for (let ended = false; !ended;) {
      // The decoder learns that its data has ended when it is given what follows, and there always is a trailer.
      if (!await stored.fill()) throw new RecordError(`the stored file ends in a gzip member, at byte ${stored.position}`, { byte: stored.position })
      const parts = decode(inflate, stored.rest)
      for (let next = await parts.next(); ; next = await parts.next()) {
        if (next.done === true) {
          stored.skip(next.value.taken)
          ended = next.value.ended
          break
        }
        sum = crc32(next.value, sum)
        bytes += next.value.length
        yield next.value
      }
    }
  } catch (error) {
    if (error instanceof RecordError) throw error
    throw new RecordError(`the gzip member whose data begins at byte ${start} of the stored file is damaged: ${String(error)}`, { byte: start, cause: error })
  } finally {
    inflate.destroy()
  }
  const end = stored.position
  const trailer = await stored.take(TRAILER_BYTES, 'the trailer of a gzip member')
  if (trailer.readUInt32LE(0) !== sum) throw new RecordError(`the gzip member that ends at byte ${end} of the stored file does not have the checksum it is said to have`, { byte: end })
  if (trailer.readUInt32LE(4) !== bytes % 2 ** 32) throw new RecordError(`the gzip member that ends at byte ${end} of the stored file is not as long as it is said to be`, { byte: end })
}
