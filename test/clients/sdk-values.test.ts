import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { createClient, InvalidRequestError, type Client } from '../../clients/sdk/src/index.ts'
import { decodeStructured, encodeStructured } from '../../clients/sdk/src/structured.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService, type TestService } from '../helpers/service.ts'

const SAME = 'export default (input) => input'
const structured = { serialization: 'structured' } as const
const VALUE = new Map<unknown, unknown>([['date', new Date(0)], ['big', 2n ** 64n], ['bytes', new Uint8Array([1, 2, 255])], ['set', new Set([undefined, -0])]])

suite('values that are no JSON, over HTTP', () => {
  let service: TestService
  let client: Client
  const scope = lastInFirstOut({ after })
  before(async () => {
    service = await startService(scope, { env: { BATCHBOX_ENCRYPTION_KEYS: `test=${Buffer.alloc(32, 1).toString('base64')}` } })
    client = createClient({ url: service.url, apiKey: service.key })
  })

  test('run hands them to code and answers what it returned', async () => {
    const value = await client.run('export default (input) => new Map([...input, ["same", input]])', VALUE, structured) as Map<unknown, unknown>

    assert.deepStrictEqual(value.get('same'), VALUE)
    assert.deepStrictEqual(new Map([...value].slice(0, 4)), VALUE)
  })

  test('a job is posted, waited for and read with them; raw answers say how the result is written', async () => {
    const { id } = await client.jobs.create({ code: SAME, input: VALUE, ...structured })
    const ended = await client.jobs.wait(id)
    const [read, result, raw] = await Promise.all([client.jobs.get(id), client.jobs.result(id), service.request('GET', `/v1/jobs/${id}`)])
    const again = await client.jobs.wait((await client.jobs.replay(id)).id)
    const repeated = await client.jobs.replay(id) // answers the one that there is, which has ended

    for (const value of [ended.result, read.result, result, again.result, repeated.result]) assert.deepStrictEqual(value, VALUE)
    assert.equal(raw.json['serialization'], 'structured')
    assert.deepStrictEqual(decodeStructured(raw.json['result']), VALUE)
  })

  test('results that do not stand inside the job, and none at all, are values, too', async () => {
    const large = await client.run<Uint8Array>('export default () => new Uint8Array(100_000).fill(7)', undefined, structured)
    const nothing = await client.run('export default (input) => [input, undefined]', undefined, structured)

    assert.deepStrictEqual(large, new Uint8Array(100_000).fill(7))
    assert.deepStrictEqual(nothing, [null, undefined])
  })

  test('batches have them in their inputs, their jobs and their results; an item that is none is refused', async () => {
    const one = await client.batches.create({ job: { code: SAME, ...structured }, inputs: [VALUE, [1n], undefined] })
    const many = await client.batches.create({ jobs: [{ code: SAME, input: new Set([1]), ...structured }, { code: SAME, input: [1] }] })
    const raw = await service.request('POST', '/v1/batches', { body: { job: { code: SAME, ...structured }, inputs: [{ structured: 1, value: [9], objects: [] }] } })
    await Promise.all([client.batches.wait(one.id), client.batches.wait(many.id)])
    const results = async (id: string) => (await Array.fromAsync(client.batches.results(id))).map(({ result }) => result)

    assert.deepStrictEqual(await results(one.id), [VALUE, [1n], null])
    assert.deepStrictEqual(await results(many.id), [new Set([1]), [1]])
    assert.equal(raw.status, 202)
    assert.match(JSON.stringify(raw.json), /\/input\/value\/0: It refers to object 9/)
  })

  test('POST /execute takes and answers them', async () => {
    const { json } = await service.request('POST', '/execute', { body: { code: SAME, input: encodeStructured(VALUE), ...structured } })

    assert.equal(json['serialization'], 'structured')
    assert.deepStrictEqual(decodeStructured(json['result']), VALUE)
  })

  test('what is not in the form is refused with 422, naming the place', async () => {
    const error = await client.jobs.create({ code: SAME, input: () => 1, ...structured }).catch((error: unknown) => error)
    const raw = await service.request('POST', '/v1/jobs', { body: { code: SAME, input: { structured: 1, value: [0], objects: [{ a: [3] }] }, ...structured } })
    const transform = await client.jobs.create({ code: SAME, input: [], transform: {}, ...structured }).catch((error: unknown) => error)

    assert.match(String(error), /TypeError: Cannot write value: a function has no structured form/)
    assert.deepEqual([raw.status, raw.json['errors']], [422, [{ pointer: '/input/objects/0/a/0', message: 'It refers to object 3, and there are 1' }]])
    assert.ok(transform instanceof InvalidRequestError)
    assert.match(transform.message, /Records are JSON/)
  })

  test('secrets are concealed in them; where bytes hold one, the run fails', async () => {
    await client.secrets.set('TOKEN', 'swordfish-1234')
    const run = (body: string) => client.jobs.run({ code: `export default async () => { const token = await secrets.get('TOKEN'); ${body} }`, tools: ['secrets'], secrets: ['TOKEN'], ...structured })

    const told = await run('return new Map([[token, new Error(token)]])')
    const bytes = await run('return { body: Uint8Array.from(token, (char) => char.charCodeAt(0)) }')

    assert.doesNotMatch(JSON.stringify(encodeStructured(told.result)), /swordfish/)
    assert.ok((told.result as Map<string, Error>).get('[secret TOKEN]') instanceof Error)
    assert.equal(bytes.error?.code, 'RESULT_NOT_SERIALIZABLE')
    assert.match(bytes.error.message, /holds a secret/)
  })

  test('errors come with their causes and what was put on them, at the places of their source, without secrets', async () => {
    const code = `interface Order { id: number }
      class NotPaid extends Error { order: Order = { id: 7 } }
      export default async () => {
        const token: string = await secrets.get('TOKEN')
        throw new NotPaid('late', { cause: Object.assign(new TypeError(token), { token, list: [token] }) })
      }`

    const { error } = await client.jobs.run({ code, tools: ['secrets'], secrets: ['TOKEN'] })

    assert.deepEqual([error?.name, error?.message, error?.properties], ['NotPaid', 'late', { order: { id: 7 } }])
    assert.deepEqual([error?.cause?.name, error?.cause?.message, error?.cause?.properties], ['TypeError', '[secret TOKEN]', { token: '[secret TOKEN]', list: ['[secret TOKEN]'] }])
    assert.match(error?.cause?.stack ?? '', /job\.ts:5:\d+/)
    assert.doesNotMatch(JSON.stringify(error), /swordfish/)
  })
})
