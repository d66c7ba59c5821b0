import { Agent, get } from 'node:http'
import { type Follow, forEachViewer } from './follower.ts'

/** Server-Sent Events of a job. */
export const followBySse: Follow = async ({ url, key, jobId, viewers }, hear) => {
  const agent = new Agent({ maxSockets: Infinity })
  const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' }
  await forEachViewer(viewers, (viewer) => new Promise<void>((resolve, reject) => {
    get(new URL(`/v1/jobs/${jobId}/events`, url), { agent, headers }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`Cannot follow: the answer was ${response.statusCode}`))
      let rest = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const end = chunk.lastIndexOf('\n') + 1
        if (end === 0) return void (rest += chunk)
        hear(viewer, rest + chunk.slice(0, end))
        rest = chunk.slice(end)
      })
      resolve()
    }).on('error', reject)
  }))
}
