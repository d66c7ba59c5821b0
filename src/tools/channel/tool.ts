import { z } from 'zod'
import { defineMethod, defineTool, perRun, ToolError, type ToolRun } from '../tool.ts'
import { Ears } from './ears.ts'

/** UTF-16 units of a topic. */
const TOPIC_CHARS = 128
const Topic = z.string().min(1).max(TOPIC_CHARS).refine((text) => text.isWellFormed(), 'Expected text without lone surrogates')
const TopicOnly = z.strictObject({ topic: Topic })

/** Carries messages between a tenant's running jobs, whichever workers they are in, to those who listen at that moment. */
export default defineTool({
  name: 'channel',
  description: '`emit`, `on` and `off`: messages between the running jobs of a tenant or of a batch',
  config: z.strictObject({
    /** Bytes of one message as JSON. */
    maxBytes: z.number().int().min(1).max(524_288).default(65_536),
    /** Topics that one run listens to at one time. */
    maxTopics: z.number().int().min(1).max(1000).default(100),
    /** Messages that wait for a run that is busy; the oldest make room for new ones. */
    queue: z.number().int().min(1).max(1000).default(100),
    /** Who hears whom: all jobs of a tenant, or those of one batch. */
    scope: z.enum(['tenant', 'batch']).default('tenant'),
  }),
  narrows: ['maxBytes', 'maxTopics', 'queue', 'scope'],
  guest: new URL('./guest.js', import.meta.url),
  setup ({ maxBytes, maxTopics, queue, scope }) {
    const addressOf = (run: ToolRun, topic: string) => ({ tenant: run.tenant, batchId: scope === 'batch' ? batchOf(run) : null, topic })
    const earsOf = perRun((run) => new Ears(run, { maxTopics, queue, channel: channelOf(run) }))
    return {
      emit: defineMethod({
        input: z.strictObject({ topic: Topic, data: z.string() }),
        output: z.null(),
        async run ({ topic, data }, { run }) {
          checkData(data, maxBytes)
          if (!await channelOf(run).publish(addressOf(run, topic), { senderId: run.jobId, text: data })) throw new ToolError('Cannot emit: Redis is away, and messages are not kept; emit again later')
          run.receipt.use({ grant: 'channel', target: topic, method: 'emit', sentBytes: Buffer.byteLength(data) })
          return null
        },
      }),
      listen: defineMethod({
        input: TopicOnly,
        output: z.null(),
        async run ({ topic }, { run }) {
          await earsOf(run).listen(addressOf(run, topic))
          return null
        },
      }),
      ignore: defineMethod({
        input: TopicOnly,
        output: z.null(),
        run ({ topic }, { run }) {
          earsOf(run).ignore(topic)
          return null
        },
      }),
      next: defineMethod({
        input: z.null(),
        output: z.array(z.tuple([z.string(), z.string(), z.number()])),
        pull: true,
        run: (_, { run }) => earsOf(run).next(),
      }),
    }
  },
})

function channelOf ({ services: { channel } }: ToolRun) {
  if (!channel) throw new ToolError('Cannot use channel: this engine has nothing that carries messages')
  return channel
}

function batchOf ({ batchId }: ToolRun): string {
  if (batchId === null) throw new ToolError('Cannot use channel: its scope is "batch", and the job is no item of a batch')
  return batchId
}

/** A runner that was taken over may send anything; those who hear it read it as JSON. */
function checkData (data: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(data)
  if (bytes > maxBytes) throw new ToolError(`Cannot emit: the message has ${bytes} bytes as JSON, allowed are ${maxBytes}`)
  try {
    JSON.parse(data)
  } catch {
    throw new ToolError('Cannot emit: the message is not JSON')
  }
}
