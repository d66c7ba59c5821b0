import assert from 'node:assert/strict'

/** One line of Prometheus's text form. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

/** What was scraped. */
export interface Scrape {
  samples: Sample[]
  /** `counter`, `gauge` or `histogram`, by the name of the metric. */
  types: Map<string, string>
  /** The sum of the samples of a name that have those labels. */
  value (name: string, labels?: Record<string, string>): number
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y

/** Reads Prometheus's text form; fails on a line that is none. */
export function parseMetrics (text: string): Scrape {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? []
    if (typed !== undefined && type !== undefined) types.set(typed, type)
    if (line === '' || line.startsWith('#')) continue
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
    assert.ok(name !== undefined, `not a line of metrics: ${line}`)
    samples.push({ name, labels: parseLabels(labels), value: Number(value) })
  }
  const value: Scrape['value'] = (name, labels = {}) => samples
    .filter((sample) => sample.name === name && Object.entries(labels).every(([key, wanted]) => sample.labels[key] === wanted))
    .reduce((sum, sample) => sum + sample.value, 0)
  return { samples, types, value }
}

function parseLabels (text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [, key, value] = LABEL.exec(text) ?? []
    assert.ok(key !== undefined && value !== undefined, `not labels: ${text}`)
    labels[key] = value
  }
  return labels
}

/** Scrapes a process. */
export async function scrape (url: string, headers: Record<string, string> = {}): Promise<Scrape> {
  const response = await fetch(new URL('/metrics', url), { headers })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  return parseMetrics(text)
}
