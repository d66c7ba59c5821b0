import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OUTPUT_RECORD_BYTES, STATE_BYTES, UNWRITTEN_BYTES } from '../../src/core/runner-protocol.ts'
import type { RecordBatch } from '../../src/core/records.ts'
import { type OutputMessage, RecordFlow, type RunnerOutput } from '../../src/engine/record-flow.ts'

const turn = () => new Promise((resolve) => { setImmediate(resolve) })

function buildBatch (first: number, count: number): RecordBatch {
  const ends = Float64Array.from({ length: count }, (_, i) => (first + i + 1) * 10)
  return { text: Buffer.from('{"n":"x"}\n'.repeat(count)), count, start: { records: first, bytes: first * 10 }, ends }
}

/** A flow whose source has batches of ten records, and whose outputs are written when the test says so. */
function startFlow ({ batches = 100, isSlow = false } = {}) {
  const sent: { type: string, count?: number }[] = []
  const taken: RunnerOutput[] = []
  const writes: PromiseWithResolvers<void>[] = []
  const uncounted = { frames: 0, bytes: 0 }
  let stops = 0
  let next = 0
  const flow = new RecordFlow({
    port: {
      grant: { skip: true, checkpointMs: 1000 },
      next: async () => next < batches ? buildBatch(next++ * 10, 10) : null,
      take (output) {
        taken.push(output)
        const write = Promise.withResolvers<void>()
        if (isSlow) writes.push(write)
        else write.resolve()
        return write.promise
      },
    },
    send: (message) => { sent.push(message) },
    uncount (frames, bytes) {
      uncounted.frames += frames
      uncounted.bytes += bytes
    },
    stop () { stops += 1 },
  })
  const say = ({ text = '', rejects = '', state = '', ...more }: { text?: string, rejects?: string, state?: string } & Partial<OutputMessage>) => {
    const [textBytes, rejectsBytes] = [Buffer.byteLength(text), Buffer.byteLength(rejects)]
    flow.take({ taken: 0, count: text.split('\n').length - 1, textBytes, rejectsBytes, ...more }, Buffer.from(text + rejects + state))
  }
  return { flow, say, sent, taken, writes, uncounted, stops: () => stops }
}

test('a batch is sent for each one that was asked for, and one more when one was taken whole', async () => {
  const { flow, say, sent, uncounted } = startFlow()

  for (let i = 0; i < 3; i++) flow.pull()
  await turn()
  assert.deepEqual(sent, [1, 2, 3].map(() => ({ type: 'records', count: 10 })))
  assert.throws(() => flow.pull(), /has 3 batches of records and asked for 0, allowed are 3/)

  say({ taken: 9, text: '1\n' })
  assert.throws(() => flow.pull(), /has 3 batches/)
  say({ taken: 10, text: '2\n' })
  flow.pull()
  await turn()
  assert.equal(sent.filter(({ type }) => type === 'records').length, 4)
  assert.equal(sent.filter(({ type }) => type === 'written').length, 2)
  assert.deepEqual(uncounted, { frames: 5, bytes: 4 }) // four pulls, and the output that was the first behind a batch
  say({ taken: 10, state: '1' })
  await turn()
  assert.deepEqual(uncounted, { frames: 6, bytes: 5 })
})

test('who asks and is given nothing yet has asked all the same', async () => {
  const { flow } = startFlow()

  for (let i = 0; i < 3; i++) flow.pull()

  assert.throws(() => flow.pull(), /has 0 batches of records and asked for 3/)
})

test('the end is told once, and whatever is asked for afterwards is not answered', async () => {
  const { flow, sent } = startFlow({ batches: 1 })

  for (let i = 0; i < 2; i++) flow.pull()
  await turn()
  flow.pull()
  await turn()

  assert.deepEqual(sent, [{ type: 'records', count: 10 }, { type: 'records', count: 0 }])
})

test('an output is passed on with the places of what was rejected', async () => {
  const { flow, say, taken } = startFlow()
  flow.pull()
  flow.pull()
  await turn()

  say({ taken: 12, text: '{"a":"ä"}\n2\n', rejects: '[3,"USER_ERROR","Error","m","s"],[11,"INPUT_MALFORMED","SyntaxError","","" ]', state: '{"x":1}' })
  say({ taken: 12, rejects: '[12,"USER_ERROR","Error","again",""]' })
  await turn()

  assert.equal(taken[0]?.text.toString(), '{"a":"ä"}\n2\n')
  assert.deepEqual([taken[0]?.taken, taken[0]?.count, taken[0]?.state], [12, 2, '{"x":1}'])
  assert.deepEqual(taken.flatMap(({ rejects }) => rejects.map(({ place }) => place)), [{ number: 3, byte: 20 }, { number: 11, byte: 100 }, { number: 12, byte: 110 }])
  assert.deepEqual(flow.locate(20), { number: 20, byte: 190 })
  assert.equal(flow.locate(21), undefined)
})

const REFUSED: [what: string, output: Parameters<ReturnType<typeof startFlow>['say']>[0], why: RegExp][] = [
  ['records that were not sent', { taken: 21, text: '1\n' }, /tells of 21 records taken, after 5, and 20 were sent/],
  ['records given back', { taken: 4, text: '1\n' }, /tells of 4 records taken, after 5/],
  ['nothing', { taken: 5 }, /says nothing/],
  ['less than it says', { taken: 6, text: '1\n', textBytes: 3 }, /shorter than it says/],
  ['rejects beyond its end', { taken: 6, text: '1\n', rejectsBytes: 1 }, /shorter than it says/],
  ['more records than it has', { taken: 6, text: '1\n', count: 2 }, /says 2 records, and has 1/],
  ['fewer records than it has', { taken: 6, text: '1\n2\n', count: 1 }, /says 1 records, and has 2/],
  ['a line without an end', { taken: 6, text: '1\n2' }, /is empty, or has no end/],
  ['an empty line', { taken: 6, text: '1\n\n2\n' }, /is empty, or has no end/],
  ['a record that is too long', { taken: 6, text: `"${'x'.repeat(OUTPUT_RECORD_BYTES)}"\n` }, /a record has 1048578 bytes, allowed are 1048576/],
  ['a state that is too long', { taken: 6, state: `"${'x'.repeat(STATE_BYTES)}"` }, /state has 1048578 bytes/],
  ['a state that is no JSON', { taken: 6, state: '{' }, /JSON/],
  ['rejects that are no JSON', { taken: 6, rejects: '[1' }, /JSON/],
  ['rejects that are none', { taken: 6, rejects: '{"length":5}' }, /list of records/],
  ['a reject that is too short', { taken: 6, rejects: '[6,"USER_ERROR","Error",""]' }, /list of records/],
  ['a reject with a code of the host', { taken: 6, rejects: '[6,"INTERNAL","Error","",""]' }, /list of records/],
  ['a reject with a message that is none', { taken: 6, rejects: '[6,"USER_ERROR","Error",{},""]' }, /list of records/],
  ['a reject of half a record', { taken: 6, rejects: '[5.5,"USER_ERROR","Error","",""]' }, /list of records/],
  ['a reject before the first', { taken: 6, rejects: '[0,"USER_ERROR","Error","",""]' }, /record 0 is none/],
  ['a reject of what was not taken', { taken: 6, rejects: '[7,"USER_ERROR","Error","",""]' }, /record 7 is none/],
  ['rejects that go back', { taken: 6, rejects: '[6,"USER_ERROR","Error","",""],[5,"USER_ERROR","Error","",""]' }, /record 5 is none/],
]

for (const [what, output, why] of REFUSED) {
  test(`${what} cannot be told`, async () => {
    const { flow, say } = startFlow()
    flow.pull()
    flow.pull()
    await turn()
    say({ taken: 5, text: '1\n' })

    assert.throws(() => say(output), why)
  })
}

test('no more than is allowed may wait to be written, and one state', async () => {
  const { flow, say, writes, taken } = startFlow({ isSlow: true })
  flow.pull()
  await turn()
  const line = `"${'x'.repeat(999_997)}"\n`

  say({ taken: 1, state: '1' })
  writes[0]?.resolve()
  await turn()
  say({ taken: 2, state: '2' })
  const fitting = Math.floor((UNWRITTEN_BYTES - 1) / line.length)
  for (let i = 0; i < fitting; i++) say({ taken: 3, text: line })

  assert.equal(taken.length, 2)
  assert.throws(() => say({ taken: 3, state: '3' }), /the state before is not written yet/)
  assert.throws(() => say({ taken: 3, text: line }), /bytes wait to be written, allowed are 8388608/)
})

test('what waits is written before the end of a run that succeeded, and forgotten for one that did not', async () => {
  for (const [succeeded, written] of [[true, 3], [false, 1]] as const) {
    const { flow, say, writes, taken, sent } = startFlow({ isSlow: true })
    flow.pull()
    await turn()
    for (let i = 1; i <= 3; i++) say({ taken: i, text: '1\n' })

    const finished = flow.finish(succeeded)
    for (let i = 0; i < 3; i++) {
      writes[i]?.resolve()
      await turn()
    }
    await finished

    assert.equal(taken.length, written)
    assert.deepEqual(sent, [{ type: 'records', count: 10 }])
  }
})

test('a source or an output that fails has the run stopped, once', async () => {
  const { flow, say, writes, stops, sent } = startFlow({ isSlow: true })
  flow.pull()
  await turn()
  say({ taken: 1, text: '1\n' })
  say({ taken: 2, text: '2\n' })

  writes[0]?.reject(new Error('full'))
  await turn()
  say({ taken: 3, text: '3\n' })
  flow.pull()
  await turn()

  assert.equal(stops(), 1)
  assert.match(String(flow.error), /full/)
  assert.equal(writes.length, 1)
  assert.deepEqual(sent, [{ type: 'records', count: 10 }])
})
