import { WebSocket } from 'ws'
import { type Follow, forEachViewer } from './follower.ts'

/** Events between two acknowledgements. */
const ACK_EVERY = 100

/** One connection with one subscription for each follower, which acknowledges what it gets. */
export const followByWebSocket: Follow = async ({ url, key, jobId, viewers }, hear) => {
  await forEachViewer(viewers, (viewer) => new Promise<void>((resolve, reject) => {
    const socket = new WebSocket(new URL('/v1/stream', url.replace(/^http/, 'ws')), ['batchbox.v1.json'], { headers: { authorization: `Bearer ${key}` } })
    let acknowledged = 0
    socket.on('error', reject)
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', payload: { subscription: 's', topic: `job:${jobId}` } })))
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      hear(viewer, text)
      if (text.includes('"type":"error"')) return reject(new Error(`Cannot follow: ${text}`))
      if (text.includes('"type":"subscribed"')) resolve()
      const cursor = Number(/.*"cursor":(\d+)/s.exec(text)?.[1] ?? 0)
      if (cursor < acknowledged + ACK_EVERY) return
      acknowledged = cursor
      socket.send(JSON.stringify({ type: 'ack', payload: { subscription: 's', cursor } }))
    })
  }))
}
