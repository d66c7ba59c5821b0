import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constants, crc32, gzipSync, zstdCompressSync } from 'node:zlib'
import type { RecordBounds } from '../../src/records/bounds.ts'
import type { SourceFormat } from '../../src/records/resolve-format.ts'
import { readThrough, sourceOf } from './records.ts'

const LINES = '1\n2\n3\n'
const gzip = gzipSync(LINES)
const zstd = zstdCompressSync(LINES, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
const junk = Buffer.from('something else')
const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

interface Attack {
  stored: Buffer | string
  format?: Partial<SourceFormat>
  bounds?: Partial<RecordBounds>
  /** Records and messages, in the order in which they come. */
  seen: readonly unknown[]
}

const asGzip = { compression: 'gzip' } as const
const asZstd = { compression: 'zstd' } as const

const COMPRESSED: Readonly<Record<string, Attack>> = {
  'gzip that is not': { stored: LINES, format: asGzip, seen: ['Cannot read record 1, at byte 0 of the content: the stored file is not gzip, at byte 0'] },
  'no gzip at all': { stored: '', format: asGzip, seen: ['Cannot read record 1, at byte 0 of the content: the stored file is not gzip, but empty'] },
  'gzip whose header ends': { stored: gzip.subarray(0, 7), format: asGzip, seen: ['Cannot read record 1, at byte 0 of the content: the stored file ends in the header of a gzip member, at byte 7'] },
  'gzip whose header goes on and on': { stored: Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(5000, 'x')]), format: asGzip, seen: ['Cannot read record 1, at byte 0 of the content: the header of a gzip member has a text of more than 4096 bytes before byte 4106 of the stored file'] },
  'gzip that ends in its data': { stored: gzip.subarray(0, 14), format: asGzip, seen: [1, 'Cannot read record 2, at byte 2 of the content: the stored file ends in a gzip member, at byte 14'] },
  'gzip that ends in its trailer': { stored: gzip.subarray(0, -3), format: asGzip, seen: [1, 2, 3, `Cannot read record 4, at byte 6 of the content: the stored file ends in the trailer of a gzip member, at byte ${gzip.length - 3}`] },
  'gzip with another checksum': { stored: flip(gzip, gzip.length - 8), format: asGzip, seen: [1, 2, 3, `Cannot read record 4, at byte 6 of the content: the gzip member that ends at byte ${gzip.length - 8} of the stored file does not have the checksum it is said to have`] },
  'gzip with another length': { stored: flip(gzip, gzip.length - 4), format: asGzip, seen: [1, 2, 3, `Cannot read record 4, at byte 6 of the content: the gzip member that ends at byte ${gzip.length - 8} of the stored file is not as long as it is said to be`] },
  'gzip that something else follows': { stored: Buffer.concat([gzip, gzip, junk]), format: asGzip, seen: [1, 2, 3, 1, 2, 3, `Cannot read record 7, at byte 12 of the content: something that is not gzip follows in the stored file, at byte ${gzip.length * 2}`] },
  'gzip with damaged data': { stored: flip(gzip, 10, 0xff), format: asGzip, seen: ['Cannot read record 1, at byte 0 of the content: the gzip member whose data begins at byte 10 of the stored file is damaged: Error: invalid block type'] },
  'zstd that is not': { stored: LINES, format: asZstd, seen: ['Cannot read record 1, at byte 0 of the content: the stored file is not zstd, at byte 0'] },
  'no zstd at all': { stored: '', format: asZstd, seen: ['Cannot read record 1, at byte 0 of the content: the stored file is not zstd, but empty'] },
  'zstd that ends': { stored: zstd.subarray(0, -2), format: asZstd, seen: [1, 2, 3, `Cannot read record 4, at byte 6 of the content: the stored file ends in a zstd frame, at byte ${zstd.length - 2}`] },
  'zstd with another checksum': { stored: Buffer.concat([zstd, flip(zstd, zstd.length - 1)]), format: asZstd, seen: [1, 2, 3, `Cannot read record 4, at byte 6 of the content: the zstd frame that begins at byte ${zstd.length} of the stored file is damaged: Error: Restored data doesn't match checksum`] },
  'zstd that something else follows': { stored: Buffer.concat([zstd, SKIPPABLE, zstd, junk]), format: asZstd, seen: [1, 2, 3, 1, 2, 3, `Cannot read record 7, at byte 12 of the content: something that is not zstd follows in the stored file, at byte ${zstd.length * 2 + SKIPPABLE.length}`] },
  'zstd with a large window': { stored: zstdCompressSync(Buffer.alloc(10_000_000), { params: { [constants.ZSTD_c_windowLog]: 24 } }), format: asZstd, seen: ['Cannot read record 1, at byte 0 of the content: the zstd frame at byte 0 of the stored file needs a window of 10000000 bytes; at most 8388608 are allowed (BATCHBOX_MAX_ZSTD_WINDOW_LOG)'] },
  'zstd with a dictionary': { stored: Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0b10_0001, 7, 0]), format: asZstd, seen: ['Cannot read record 1, at byte 0 of the content: the zstd frame at byte 0 of the stored file needs a dictionary; none can be given'] },
  'a bomb of gzip': { stored: gzipSync(Buffer.alloc(28_000_000, '\n')), format: asGzip, seen: [/^Cannot read record 1, at byte 0 of the content: the content is more than 250 times as long as what is stored, before byte \d+ of the stored file \(BATCHBOX_MAX_CONTENT_RATIO\)$/] },
  'a bomb of zstd': { stored: zstdCompressSync(Buffer.alloc(28_000_000, '\n')), format: asZstd, seen: [/^Cannot read record 1, at byte 0 of the content: the content is more than 250 times as long as what is stored, before byte \d+ of the stored file \(BATCHBOX_MAX_CONTENT_RATIO\)$/] },
  'a bomb of one long record': { stored: gzipSync(Buffer.alloc(3_000_000, '[')), format: asGzip, seen: ['Cannot read record 1, at byte 0 of the content: it is longer than 1048576 bytes'] },
  'members without content': { stored: Buffer.concat(Array.from({ length: 60 }, () => gzipSync(''))), format: asGzip, bounds: { members: 50 }, seen: ['Cannot read record 1, at byte 0 of the content: the stored file has more than 50 members or frames that have hardly any content, up to byte 1000'] },
  'frames without content': { stored: Buffer.concat(Array.from({ length: 60 }, () => SKIPPABLE)), format: asZstd, bounds: { members: 50 }, seen: ['Cannot read record 1, at byte 0 of the content: the stored file has more than 50 members or frames that have hardly any content, up to byte 550'] },
  'gzip that is said to be nothing': { stored: gzip, seen: ['Cannot read record 1, at byte 0 of the content: the content is compressed: it begins like gzip, and is read as not compressed'] },
  'zstd that is said to be nothing': { stored: zstd, seen: ['Cannot read record 1, at byte 0 of the content: the content is compressed: it begins like zstd, and is read as not compressed'] },
  'gzip in gzip': { stored: gzipSync(gzip), format: asGzip, seen: ['Cannot read record 1, at byte 0 of the content: the content is compressed twice: it begins like gzip'] },
  'more content than is allowed': { stored: gzip, format: asGzip, bounds: { contentBytes: 5 }, seen: ['Cannot read record 1, at byte 0 of the content: the content is longer than 5 bytes (BATCHBOX_MAX_CONTENT_BYTES)'] },
}

const CONTENTS: Readonly<Record<string, Attack>> = {
  'UTF-16 with a mark': { stored: Buffer.from('\uFEFF{"a":1}\n', 'utf16le'), seen: ['Cannot read record 1, at byte 0 of the content: the content has the wrong encoding: it begins like UTF-16, and has to be UTF-8'] },
  'UTF-16 without one': { stored: Buffer.from('{"a":1}\n', 'utf16le'), seen: ['Cannot read record 1, at byte 0 of the content: the content has the wrong encoding: it begins like UTF-16 or UTF-32, and has to be UTF-8'] },
  'UTF-32': { stored: Buffer.from([0xff, 0xfe, 0, 0, 0x31, 0, 0, 0]), seen: ['Cannot read record 1, at byte 0 of the content: the content has the wrong encoding: it begins like UTF-32, and has to be UTF-8'] },
  'a record that is not UTF-8': { stored: Buffer.from('"a"\n"\xe4"\n"\xff"\n"b"\n', 'latin1'), seen: ['a', 'Cannot read record 2, at byte 4 of the content: it is not UTF-8', 'Cannot read record 3, at byte 8 of the content: it is not UTF-8', 'b'] },
  'a record that is too long': { stored: `1\n"${'x'.repeat(30)}"\n2\n`, bounds: { recordBytes: 20 }, seen: [1, 'Cannot read record 2, at byte 2 of the content: it is longer than 20 bytes', 2] },
  'a record that is too deep': { stored: '[[[]]]\n[[[[]]]]\n"[[[["\n', bounds: { depth: 3 }, seen: [[[[]]], 'Cannot read record 2, at byte 7 of the content: it has more than 3 arrays and objects in one another', '[[[['] },
  'lines that are too long': { stored: `a\n${'x'.repeat(30)}\n\nb`, format: { format: 'lines' }, bounds: { recordBytes: 20 }, seen: ['a', 'Cannot read record 2, at byte 2 of the content: it is longer than 20 bytes', '', 'b'] },
}

for (const [kind, attacks] of Object.entries({ compression: COMPRESSED, content: CONTENTS })) {
  for (const [name, { stored, format = {}, bounds = {}, seen }] of Object.entries(attacks)) {
    for (const sizes of [[65_536], [1]]) {
      if (sizes[0] === 1 && stored.length > 3000) continue
      test(`${kind}: ${name}, in pieces of ${sizes.join()} at most`, async () => {
        const read = await readThrough(sourceOf(Buffer.from(stored), sizes), format, { bounds })

        assert.equal(read.length, seen.length, JSON.stringify(read))
        for (const [index, expected] of seen.entries()) {
          if (expected instanceof RegExp) assert.match(String(read[index]), expected)
          else assert.deepEqual(read[index], expected)
        }
      })
    }
  }
}

test('members that have content are not counted against it, and names, comments and checksums in headers are read over', async () => {
  const member = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 2, 0, 1, 2, 0x61, 0, 0x62, 0, 9, 9]), gzip.subarray(10)])

  assert.equal(crc32(LINES), gzip.readUInt32LE(gzip.length - 8))
  assert.deepEqual(await readThrough(sourceOf(Buffer.concat([member, gzipSync(''), member])), asGzip, { bounds: { members: 3 } }), [1, 2, 3, 1, 2, 3])
})

function flip (bytes: Buffer, at: number, value?: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = value ?? ((bytes[at] ?? 0) ^ 1)
  return changed
}
