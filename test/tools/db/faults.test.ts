import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { after, afterEach, test } from 'node:test'
import { makeCertificate } from '../../helpers/certificate.ts'
import { openDatabase } from '../../helpers/db-run.ts'
import { freePort } from '../../helpers/free-port.ts'
import { startPostgres } from '../../helpers/postgres.ts'
import { startProxy } from '../../helpers/proxy.ts'
import { until } from '../../helpers/until.ts'

const { key, cert, file } = makeCertificate('localhost')
const { file: stranger } = makeCertificate('elsewhere')
const port = await freePort()
const postgres = await startPostgres({ after }, { tls: { port, key, cert } })
await postgres.query("CREATE ROLE app LOGIN PASSWORD 'secret-of-app'; CREATE ROLE one LOGIN PASSWORD 'secret-of-one' CONNECTION LIMIT 1; CREATE ROLE admin2 SUPERUSER LOGIN PASSWORD 'secret-of-admin2'")
const url = postgres.urlOf('app')
const tcp = (rest: string, user = 'app:secret-of-app') => `postgres://${user}@${rest}`
const fast = { statementTimeoutMs: 100 }

/** Connections on which a statement runs, or a transaction is open. */
const held = async () => (await postgres.query("SELECT usename, state FROM pg_stat_activity WHERE usename IN ('app', 'one', 'admin2') AND state <> 'idle'"))
afterEach(() => until('the server holds no connection for a run', async () => (await held()).length === 0))

const REFUSES = /^Cannot reach database "main": it refuses this service; its operator has to look at the url of tool db/
const TLS = /^Cannot reach database "main": its TLS is not what its url asks for; its operator has to look at both \(\w+\)$/
const UNREACHABLE: [what: string, url: string, message: RegExp][] = [
  ['a wrong password', postgres.urlOf('app').replace('secret-of-app', 'secret-of-nobody'), /refuses .* \(SQLSTATE 28P01\)$/],
  ['no password', postgres.urlOf('app').replace(':secret-of-app', ''), REFUSES],
  ['an unknown user', postgres.urlOf('nobody'), REFUSES],
  ['an unknown database', postgres.urlOf('app', 'nowhere'), /refuses .* \(SQLSTATE 3D000\)$/],
  ['a superuser', postgres.urlOf('admin2'), /^Cannot use database "main": its url has a superuser/],
  ['nobody there', tcp('127.0.0.1:1/postgres'), /^Cannot reach database "main": it does not answer \(ECONNREFUSED\); try again later$/],
  ['a name that there is not', tcp('nowhere.invalid/postgres'), /it does not answer \((?:ENOTFOUND|EAI_AGAIN)\)/],
  ['no TLS where the server asks for it', tcp(`localhost:${port}/postgres`), /refuses .* \(SQLSTATE 28000\)$/],
  ['TLS where the server has none', `${url}&sslmode=verify-full`, /^Cannot reach database "main": it has no TLS, for which its url asks; its operator has to look at it$/],
  ['a certificate that nobody vouches for', tcp(`localhost:${port}/postgres?sslmode=verify-full`), TLS],
  ['a certificate that another vouches for', tcp(`localhost:${port}/postgres?sslmode=verify-full&sslrootcert=${stranger}`), TLS],
  ['a certificate of another name', tcp(`127.0.0.1:${port}/postgres?sslmode=verify-full&sslrootcert=${file}`), TLS],
]

for (const [what, address, message] of UNREACHABLE) {
  test(`${what}: says so, in words that give away neither address nor password, and keeps no place`, async (t) => {
    const { startRun, database } = openDatabase(t, { url: address, maxConnections: 1, connectTimeoutMs: 5000 })
    const said = [await startRun('a').failureOf('SELECT 1'), await startRun('a').begin().then(() => 'begun', (error: Error) => error.message)]

    for (const words of said) {
      assert.match(words, message)
      assert.doesNotMatch(words, /secret|127\.0\.0|localhost|nowhere|\/tmp/)
    }
    assert.equal(database.busy, 0)
  })
}

test('over TLS that the url vouches for, rows come, and a statement that is too slow is ended', async (t) => {
  const { startRun, database } = openDatabase(t, { url: tcp(`localhost:${port}/postgres?sslmode=verify-full&sslrootcert=${file}`), connectTimeoutMs: 5000 })

  assert.deepEqual(await startRun('a').query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'), [['t']])
  assert.match(await startRun('a', fast).failureOf('SELECT pg_sleep(60)'), /took longer than 100 ms \(statementTimeoutMs\)/)
  assert.match(await startRun('a', { maxBytes: 1024 }).failureOf("SELECT repeat('x', 100000)"), /more than 1024 bytes \(maxBytes\)/)
  await until('no place is taken', () => database.busy === 0)
})

test('a network that swallows everything: neither a connection nor a statement is waited for any longer than its time', async (t) => {
  const proxy = await startProxy(t, postgres.socket)
  const { startRun, database } = openDatabase(t, { url: tcp(`127.0.0.1:${proxy.port}/postgres`) })
  const open = startRun('a')
  await open.begin()
  await startRun('a').query('SELECT 1')
  await until('its connection is there for the next', () => database.busy === 1)
  const release = proxy.hold()

  const said = await Promise.all([startRun('b', fast).failureOf('SELECT 1'), startRun('c', fast).failureOf('SELECT 1')])
  assert.deepEqual(said.sort(), ['Cannot query database "main": the statement took longer than 100 ms (statementTimeoutMs)', 'Cannot reach database "main": it did not answer within 1000 ms (connectTimeoutMs); try again later'])
  assert.equal(database.busy, 1, 'the transaction alone is there until its time is over')
  open.stop()
  assert.equal(database.busy, 0)
  release()
  assert.deepEqual(await startRun('b').query('SELECT 1'), [['1']])
})

test('a server that lets in and then says no word is left', async (t) => {
  const heard = Promise.withResolvers<void>()
  const silent = createServer((socket) => {
    socket.on('error', () => {}) // it is cut
    socket.once('data', () => {
      socket.write(Buffer.from('5200000008000000005a0000000549', 'hex')) // AuthenticationOk, ReadyForQuery
      socket.once('data', () => heard.resolve())
    })
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const { startRun, database } = openDatabase(t, { url: tcp(`127.0.0.1:${(silent.address() as AddressInfo).port}/x`) }) // it listens on a port

  assert.match(await startRun('a').failureOf('SELECT 1'), /^Cannot reach database "main": it did not answer within 1000 ms \(connectTimeoutMs\); try again later$/)
  await heard.promise
  assert.equal(database.busy, 0)
})

test('a server that has no connection left for the role says so', async (t) => {
  const { startRun, database } = openDatabase(t, { url: postgres.urlOf('one'), connectTimeoutMs: 5000 })
  const run = startRun('a')
  await run.end(await run.begin().then(async (id) => {
    assert.equal(await startRun('b').failureOf('SELECT 1'), 'Cannot reach database "main": it has no connection left for this service; try again later')
    return id
  }))
  await until('no place is taken', () => database.busy === 0)

  assert.deepEqual(await startRun('b').query('SELECT 1'), [['1']])
})

test('a server that is started again in the middle of a run ends its transaction; statements and transactions after that succeed', async (t) => {
  const { startRun, database } = openDatabase(t, { url, connectTimeoutMs: 5000 })
  const run = startRun('a')
  await run.query('SELECT 1')
  const id = await run.begin()
  await postgres.kill()
  await postgres.restart()

  assert.match(await run.failureOf('SELECT 1', id), /^Cannot query database "main": (?:the connection was lost|the database ended the connection)/)
  await assert.rejects(run.end(id), /^ToolError: Cannot query database "main": the connection was lost/)
  assert.deepEqual(await run.query('SELECT 1'), [['1']])
  await run.end(await run.begin())
  await until('no place is taken', () => database.busy === 0)
})

test('a run that ends gives back what it waits for and what it has', async (t) => {
  const { startRun, database } = openDatabase(t, { url, maxConnections: 1, connectTimeoutMs: 30_000 })
  const run = startRun('a')
  const id = await run.begin()
  const waits = [run.failureOf('SELECT 1'), run.failureOf('SELECT pg_sleep(60)', id)]
  await until('the statement runs', async () => (await postgres.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length === 1)

  run.stop()
  assert.deepEqual(await Promise.all(waits), ['The run is over', 'Cannot use transaction on database "main": the run is over'])
  assert.equal(database.busy, 0)
  assert.deepEqual(await startRun('b').query('SELECT 1'), [['1']])
})
