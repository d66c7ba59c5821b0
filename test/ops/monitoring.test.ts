import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parser } from '@prometheus-io/lezer-promql'
import { parse } from 'yaml'
import { scrape } from '../helpers/metrics.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
/** Of Prometheus itself. */
const OWN = { metrics: ['up'], labels: ['job', 'instance', 'le'] }
const DATASOURCE = { type: 'prometheus', uid: 'prometheus' }

interface Panel {
  type: string
  title: string
  description?: string
  datasource?: unknown
  fieldConfig?: { defaults: { unit: string } }
  targets?: { expr: string, datasource: unknown }[]
}

interface Rule {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string, runbook: string }
}

// The casts below: these are our own files, and the tests look at what they need of them.
const dashboards = globSync('ops/grafana/dashboards/*.json', { cwd: ROOT }).sort().map((file) => JSON.parse(read(file)) as { uid: string, title: string, panels: Panel[] })
const rules = (parse(read('ops/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules)
const expressions = [
  ...dashboards.flatMap(({ title, panels }) => panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => ({ of: `${title}: ${panel.title}`, expr: expr.replaceAll('$__rate_interval', '5m') })))),
  ...rules.map(({ alert, expr }) => ({ of: alert, expr })),
]

/** The metrics that a query names, each with the labels that it is matched or grouped by; grouping labels of the whole query count for all. */
function readQuery (expr: string): { metrics: string[], labels: string[], errors: number } {
  const found = { metrics: [] as string[], labels: [] as string[], errors: 0 }
  parser.parse(expr).iterate({
    enter ({ name, type, from, to, node }) {
      if (type.isError) found.errors += 1
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') found.metrics.push(expr.slice(from, to))
      if (name === 'LabelName') found.labels.push(expr.slice(from, to))
    },
  })
  return found
}

test('every query parses', () => {
  assert.ok(expressions.length > 50)
  assert.deepEqual(expressions.filter(({ expr }) => readQuery(expr).errors > 0), [])
  assert.ok(readQuery('sum by (le (rate(x[5m]))').errors > 0, 'and one that does not is found')
})

test('every metric and label of a dashboard, an alert or the documentation is one that a live service exposes', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_METRICS_PORT: '0', BATCHBOX_METRICS_OPEN: '1', BATCHBOX_FLOW_LANES: '1' } })
  await service.request('POST', '/flow/codeblock', { body: { codebase64: btoa('return 1') } })
  await service.run({ code: 'export default () => echo.say("hi")', tools: ['echo'] })
  await service.run({ code: 'throw new Error("x")', webhook: { url: 'https://127.0.0.1/' } })
  await until('a webhook was tried', async () => (await scrape(String(service.worker.ready['metricsUrl']))).types.has('batchbox_webhook_lag_seconds'))
  const scrapes = [await scrape(service.url), await scrape(String(service.worker.ready['metricsUrl']))]
  const exposed = new Set([...OWN.metrics, ...scrapes.flatMap(({ samples }) => samples.map(({ name }) => name))])
  const labels = new Set([...OWN.labels, ...scrapes.flatMap(({ samples }) => samples.flatMap((sample) => Object.keys(sample.labels)))])
  const documented = [...read('docs/operations.md').matchAll(/`((?:batchbox|http|process|nodejs)_\w+)[`{=]/g)].map(([, name = '']) => name)

  const unknown = expressions.flatMap(({ of, expr }) => {
    const { metrics, labels: used } = readQuery(expr)
    return [...metrics.filter((name) => !exposed.has(name)), ...used.filter((name) => !labels.has(name))].map((name) => `${of}: ${name}`)
  })

  assert.deepEqual(unknown, [])
  const metrics = new Set(scrapes.flatMap(({ types }) => Array.from(types.keys())).filter((name) => name !== 'target_info'))
  assert.deepEqual([...metrics].filter((name) => !documented.includes(name)), [], 'each is documented')
  assert.deepEqual(documented.filter((name) => !metrics.has(name) && !labels.has(name)), [], 'each that is documented is there')
})

test('panels say what they show, in which unit, from the provisioned data source', () => {
  assert.deepEqual(dashboards.map(({ uid }) => uid), ['batchbox-red', 'batchbox-use'])
  for (const { panels } of dashboards) {
    for (const { title, description, fieldConfig, targets = [], datasource } of panels.filter(({ type }) => type !== 'row')) {
      assert.ok(title && description && fieldConfig?.defaults.unit && targets.length > 0, title)
      assert.deepEqual([datasource, ...targets.map((target) => target.datasource)], [datasource, ...targets].map(() => DATASOURCE), title)
    }
  }
  const { datasources } = parse(read('ops/grafana/provisioning/datasources/prometheus.yml')) as { datasources: { uid: string, type: string }[] }
  assert.deepEqual(datasources.map(({ type, uid }) => ({ type, uid })), [DATASOURCE])
  assert.ok(parse(read('ops/grafana/provisioning/dashboards/batchbox.yml')))
})

test('each alert has a severity, a summary and a section that tells what to do', () => {
  const sections = new Set([...read('docs/operations.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name))
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(?:warning|critical)$/, alert)
    assert.ok(annotations.summary.length > 10, alert)
    assert.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`)
    assert.ok(sections.delete(alert), `docs/operations.md has no section ${alert}`)
  }
  assert.deepEqual([...sections], [], 'no section is of an alert that is gone')
})

test('Prometheus loads the alerts, and scrapes APIs and workers with the token', () => {
  const config = parse(read('ops/prometheus/prometheus.yml')) as { rule_files: string[], scrape_configs: { job_name: string, authorization: { credentials_file: string } }[] }

  assert.deepEqual(config.rule_files, ['alerts.yml'])
  assert.deepEqual(config.scrape_configs.map(({ job_name, authorization }) => [job_name, authorization.credentials_file]), [
    ['batchbox-api', '/run/secrets/batchbox_metrics_token'], ['batchbox-worker', '/run/secrets/batchbox_metrics_token'],
  ])
})
