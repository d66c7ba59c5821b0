import { Pool } from 'undici'
import { type Follow, forEachViewer } from './follower.ts'

const WAIT_S = 60

/** One long poll after another, each follower on a connection of its own. */
export const followByLongPoll: Follow = async ({ url, key, jobId, viewers }, hear) => {
  const headers = { authorization: `Bearer ${key}` }
  await forEachViewer(viewers, async (viewer) => {
    const pool = new Pool(url, { connections: 1, bodyTimeout: 0, headersTimeout: 0 })
    const read = async (after: string, waitS: number): Promise<string | null> => {
      const { statusCode, body } = await pool.request({ method: 'GET', path: `/v1/jobs/${jobId}/events?after=${after}&wait=${waitS}&limit=1000`, headers })
      const text = await body.text()
      if (statusCode !== 200) throw new Error(`Cannot follow: the answer was ${statusCode} ${text}`)
      hear(viewer, text)
      return /"nextCursor":"(\d+)"\}$/.exec(text)?.[1] ?? null
    }
    void goOn(read, await read('0', 0))
  })
}

async function goOn (read: (after: string, waitS: number) => Promise<string | null>, first: string | null): Promise<void> {
  for (let cursor = first; cursor !== null;) cursor = await read(cursor, WAIT_S)
}
