import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Row } from '../row.ts'

const TARGET_BYTES = 15_000
const BEST = 9

/** What a page that imports the client has its visitors load. */
export const clientSize: Row = {
  id: 's',
  title: 'The client for browsers, minified and gzipped',
  async measure ({ root }) {
    const sizeOf = async (file: string) => gzipSync(await bundle(join(root, 'clients/sdk/src', file)), { level: BEST }).length
    return [
      { name: 'all of @batchbox/client', value: await sizeOf('index.ts'), unit: 'bytes', target: { type: 'at most', value: TARGET_BYTES } },
      { name: '@batchbox/client/msgpack beside it', value: await sizeOf('msgpack.ts'), unit: 'bytes' },
    ]
  },
}

async function bundle (file: string): Promise<Uint8Array> {
  const { outputFiles: [output] } = await build({ entryPoints: [file], bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', write: false })
  if (!output) throw new Error(`Cannot use measurement: ${file} became no bundle`)
  return output.contents
}
