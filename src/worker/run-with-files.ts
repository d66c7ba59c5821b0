import type { CheckpointService } from '../core/checkpoint.ts'
import { JobError } from '../core/failures.ts'
import { parseFileInput, type RunOutput } from '../core/file.ts'
import { JOB_LIMITS, type Limits } from '../core/limits.ts'
import { buildFailure, EMPTY_USAGE } from '../core/outcome.ts'
import type { Engine, RunHooks, RunReport, RunRequest } from '../engine/engine.ts'
import type { Files } from '../files/files.ts'
import type { Run } from '../store/db.ts'
import { readFileInput } from './file-input.ts'
import type { RunCheckpoint } from './run-checkpoint.ts'
import { createRunFiles, type RunFiles } from './run-files.ts'

/** What runs of jobs reach files with. */
export interface RunsWithFiles {
  engine: Pick<Engine, 'execute'>
  files: Files
  /** Of the content of a file that is the input of a job. */
  maxFileInputBytes: number
}

/** What a run came to, with the files that it wrote, if it succeeded: they are all there and durable, and the settlement commits them. */
export interface FilesReport extends RunReport {
  outputs: RunOutput[]
}

export interface RunWithFilesOptions {
  run: Run
  request: RunRequest
  hooks: RunHooks & { checkpoint: RunCheckpoint }
}

/** Executes a run whose input may be a file and whose code may read and write some. */
export async function runWithFiles (context: RunsWithFiles, { run, request, hooks }: RunWithFilesOptions): Promise<FilesReport> {
  const { outputBytes = JOB_LIMITS.outputBytes.default } = request.limits as Partial<Limits> // what the version before stored has none
  const files = createRunFiles(context.files, { run, maxBytes: outputBytes })
  let report: RunReport | undefined
  try {
    const input = await resolveInput(context, request, hooks.signal)
    report = await context.engine.execute({ ...request, input }, { ...hooks, files, checkpoint: context.files.isConfigured ? keepFiles(hooks.checkpoint, files) : hooks.checkpoint })
    return { ...report, outputs: report.outcome.type === 'succeeded' ? await files.commit(true) : [] }
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return { ...failReport(error, report), outputs: [] }
  } finally {
    await files.close()
  }
}

/** Keeps what the code has written with each of its states: a run that loads one goes on with both. */
function keepFiles (checkpoint: RunCheckpoint, files: RunFiles): CheckpointService {
  let last: Promise<unknown> = Promise.resolve()
  return {
    save (json) {
      const committing = files.commit(false) // of what was written before this call
      const saving = Promise.all([committing, last]).then(([outputs]) => checkpoint.save(json, { outputs }))
      last = saving.catch(() => {}) // whoever called hears of it
      return saving
    },
    async load () {
      const json = await checkpoint.load()
      if (json !== undefined) await files.restore()
      return json
    },
  }
}

/** That of a run that is to be stopped does not matter: the engine ends it before it begins. */
async function resolveInput ({ files, maxFileInputBytes }: RunsWithFiles, { tenant, input, structured = false }: RunRequest, signal: AbortSignal): Promise<string> {
  const file = parseFileInput(input)
  if (!file) return input
  try {
    return await readFileInput(files, { tenant, id: file.$file, structured, maxBytes: maxFileInputBytes, signal })
  } catch (error) {
    if (signal.aborted) return 'null'
    throw error
  }
}

/** Of a run that came to nothing because of a file, before it began or after its end. */
function failReport ({ code, message, name }: JobError, report: RunReport | undefined): RunReport {
  const rest = report ?? { isolation: null, receipt: { lines: [], omitted: 0 }, logTail: { dropped: { lines: 0, bytes: 0 }, lines: [] }, spans: [] }
  return { ...rest, outcome: { type: 'failed', error: buildFailure(code, message, { name }), usage: report?.outcome.usage ?? EMPTY_USAGE } }
}
