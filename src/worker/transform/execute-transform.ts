import { buildFailure, EMPTY_USAGE, type JobFailure } from '../../core/outcome.ts'
import type { Engine, RunHooks, RunReport, RunRequest } from '../../engine/engine.ts'
import { isStoreAway } from '../../store/store-away.ts'
import type { FilesReport } from '../run-with-files.ts'
import { readFailure } from './failure.ts'
import { openTransform, type OpenTransform, type OpenTransformOptions, type TransformContext } from './open-transform.ts'

/** What a run of a transform came to, and its files as it has left them: also where it did not succeed. */
export interface TransformReport extends FilesReport {
  /** It got further than any run before, and that is kept. */
  hasCommitted: boolean
}

export interface ExecuteTransformOptions extends Omit<OpenTransformOptions, 'limits' | 'input'> {
  request: RunRequest
  hooks: RunHooks
}

/** Executes a run of a transform, whose code gets records instead of an input. What is wrong with its source or its files is the failure of the attempt. */
export async function executeTransform (context: TransformContext & { engine: Pick<Engine, 'execute'> }, { request, hooks, ...options }: ExecuteTransformOptions): Promise<TransformReport> {
  const open = await openTransform(context, { ...options, limits: request.limits, input: request.input }).catch((error: unknown) => explain(error, context))
  if ('code' in open) return failedReport(open)
  try {
    const signal = AbortSignal.any([hooks.signal, open.run.signal])
    return await conclude(open, await context.engine.execute({ ...request, input: 'null' }, { ...hooks, signal, records: open.run, files: open.files }))
  } finally {
    await open.close()
  }
}

async function conclude ({ run }: OpenTransform, report: RunReport): Promise<TransformReport> {
  const { outcome, outputs } = await run.conclude(report.outcome)
  return { ...report, outcome, outputs, hasCommitted: run.hasCommitted }
}

/** A Redis that is away is nobody's failure: the run is begun again. What nobody has foreseen would only come again in every run. */
function explain (error: unknown, { onError }: Pick<TransformContext, 'onError'>): JobFailure {
  const failure = readFailure(error)
  if (failure) return failure
  if (isStoreAway(error)) throw error
  onError(error)
  return buildFailure('INTERNAL', 'Cannot open what the transform reads and writes: the service failed')
}

function failedReport (error: JobFailure): TransformReport {
  return {
    outcome: { type: 'failed', error, usage: EMPTY_USAGE },
    isolation: null,
    receipt: { lines: [], omitted: 0 },
    logTail: { dropped: { lines: 0, bytes: 0 }, lines: [] },
    spans: [],
    outputs: [],
    hasCommitted: false,
  }
}
