import { join } from 'node:path'
import { weighBundle } from '../../scripts/bundle-sizes.ts'
import type { Row } from '../row.ts'

const TARGET_BYTES = 15_000

/** What a page that imports the client has its visitors load. */
export const clientSize: Row = {
  id: 's',
  title: 'The client for browsers, minified and gzipped',
  async measure ({ root }) {
    const weigh = (file: string) => weighBundle({ entryPoints: [join(root, 'clients/sdk/src', file)] })
    const client = await weigh('index.ts')
    return [
      { name: 'all of @batchbox/client', value: client.first, unit: 'bytes', target: { type: 'at most', value: TARGET_BYTES } },
      { name: 'what it loads with the first content of a file, batch, block, and value that is not JSON', value: client.later, unit: 'bytes' },
      { name: '@batchbox/client/msgpack beside it', value: (await weigh('msgpack.ts')).first, unit: 'bytes' },
    ]
  },
}
