import type { Frame } from '../../../core/frames.ts'
import { openParentPipe } from '../../../core/parent-pipe.ts'
import { CACHER_FRAME, type CacheOrder } from '../../../core/runner-protocol.ts'
import { cacheScripts } from '../code-cache.ts'

// Started like a runner, so that V8 takes what it made there. It sees trusted code alone, and ends when it has answered.

const pipe = openParentPipe({
  ...CACHER_FRAME,
  onFrame: ({ body }: Frame) => answer(JSON.parse(body.toString()) as CacheOrder), // the worker is trusted
})

async function answer ({ scripts, wanted }: CacheOrder): Promise<void> {
  const caches = await cacheScripts(new Map(Object.entries(scripts)), wanted)
  for (const [name, cache] of caches) pipe.send({ type: 'cache', name }, new Uint8Array(cache.copy()))
  pipe.send({ type: 'done' })
}
