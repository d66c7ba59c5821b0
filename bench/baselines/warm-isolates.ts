// Makes isolates with the guest inside, as a runner does before it is given a run, and tells what each keeps of the machine's memory.
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { prepareGuest } from '../../src/engine/guest-image.ts'
import { openArchive } from '../../src/core/archive.ts'
import { readDescriptor } from '../../src/core/read-descriptor.ts'
import { keepScripts } from '../../src/engine/runner/archives.ts'
import { createIsolateMaker, type WarmIsolate } from '../../src/engine/runner/isolate.ts'

const FIRST = 20
const COUNTED = 100
const BYTES_PER_MB = 1_048_576

const { archives, tools } = await prepareGuest([])
const createWarmIsolate = createIsolateMaker(keepScripts(archives.map((descriptor) => openArchive(readDescriptor(descriptor)))), tools)

process.on('message', () => void measure().then((answer) => process.send?.(answer)))

async function measure (): Promise<{ residentMb: number, heapMb: number }> {
  const warm = make(FIRST) // what the process itself needs to make any
  const before = process.memoryUsage.rss()
  const counted = make(COUNTED)
  const residentMb = (process.memoryUsage.rss() - before) / COUNTED / BYTES_PER_MB
  const { total_heap_size: heapBytes, externally_allocated_size: outsideBytes } = await counted[0]!.isolate.getHeapStatistics()
  const heapMb = (heapBytes + outsideBytes) / BYTES_PER_MB
  for (const { isolate } of [...warm, ...counted]) isolate.dispose()
  return { residentMb, heapMb }
}

function make (count: number): WarmIsolate[] {
  return Array.from({ length: count }, () => createWarmIsolate(DEFAULT_LIMIT_POLICY.defaults.memoryMb))
}
