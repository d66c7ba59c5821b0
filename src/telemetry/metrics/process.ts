import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Meter } from '@opentelemetry/api'

const NS = 1e9
const US = 1e6
/** How finely the event loop is looked at; a loop that is held up for less is not seen. */
const RESOLUTION_MS = 20

/** Watches this process: its memory, processor time and event loop. The answer stops the watching. */
export function observeProcess (meter: Meter): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let before = performance.eventLoopUtilization()
  const memory = meter.createObservableGauge('process.memory.usage', { unit: 'By', description: 'Resident memory of this process' })
  const cpu = meter.createObservableCounter('process.cpu.time', { unit: 's', description: 'Processor time of this process, by mode' })
  const delay = meter.createObservableGauge('nodejs.eventloop.delay.p99', { unit: 's', description: 'How late the event loop was since the last scrape, 99th percentile' })
  const longest = meter.createObservableGauge('nodejs.eventloop.delay.max', { unit: 's', description: 'How late the event loop was since the last scrape, at the most' })
  const utilization = meter.createObservableGauge('nodejs.eventloop.utilization', { unit: '1', description: 'Share of time since the last scrape in which the event loop was busy' })
  meter.addBatchObservableCallback((result) => {
    const { user, system } = process.cpuUsage()
    const now = performance.eventLoopUtilization()
    result.observe(memory, process.memoryUsage.rss())
    result.observe(cpu, user / US, { 'cpu.mode': 'user' })
    result.observe(cpu, system / US, { 'cpu.mode': 'system' })
    result.observe(delay, late(delays.percentile(99)))
    result.observe(longest, late(delays.max))
    result.observe(utilization, performance.eventLoopUtilization(now, before).utilization)
    delays.reset()
    before = now
  }, [memory, cpu, delay, longest, utilization])
  return () => { delays.disable() }
}

/** Node measures from tick to tick, the interval between them included. */
function late (ns: number): number {
  return Math.max(0, ns - RESOLUTION_MS * 1e6) / NS
}
