import type { FileService } from '../../core/file-service.ts'
import { JOB_LIMITS, type Limits } from '../../core/limits.ts'
import type { RecordPosition } from '../../core/records.ts'
import { NO_FIGURES, type TransformSettings } from '../../core/transform.ts'
import type { Files } from '../../files/files.ts'
import type { WriterState } from '../../records/printer.ts'
import type { RecordBounds } from '../../records/bounds.ts'
import { openReader } from '../../records/open-reader.ts'
import type { Db, Run } from '../../store/db.ts'
import { readCheckpoint } from '../../store/moves/checkpoint.ts'
import type { ActiveRun } from '../active-runs.ts'
import type { EventWriter } from '../event-writer.ts'
import { Pace } from '../pace.ts'
import type { RunCheckpoint } from '../run-checkpoint.ts'
import { openOutputs } from './outputs.ts'
import { SourceCursor } from './source-cursor.ts'
import { openSource, type TransformSource } from './source.ts'
import { TransformRun } from './transform-run.ts'

/** How often the job tells how far it is. */
const TELL_MS = 1000

export interface TransformContext {
  db: Db
  files: Files
  /** Of sources, where they are not the defaults. */
  recordBounds?: Partial<RecordBounds>
  onError (error: unknown): void
}

export interface OpenTransformOptions {
  run: Run
  active: Pick<ActiveRun, 'signal' | 'isLeaving' | 'stop'>
  checkpoint: Pick<RunCheckpoint, 'save'>
  writer: Pick<EventWriter, 'setFigures'>
  settings: TransformSettings
  limits: Limits
  /** JSON text, as it is stored. */
  input: string
}

/** A transform that is open: `close` lets go of its source and its files, and says for the last time how far it is. */
export interface OpenTransform {
  run: TransformRun
  /** What the code reads and writes files with. */
  files: FileService
  close (): Promise<void>
}

/** Opens the source and the files of a transform's run, where the last commit of any run left them. Throws FILE_GONE, INVALID, UNAVAILABLE. */
export async function openTransform ({ db, files, recordBounds, onError }: TransformContext, { run, active, checkpoint, writer, settings, limits, input }: OpenTransformOptions): Promise<OpenTransform> {
  const [source, saved] = await Promise.all([openSource(files, { tenant: run.tenant, input, format: settings.input }), readCheckpoint(db, run.jobId)])
  const { isPart, from: start } = source
  const work = saved?.work
  const from = work?.position ?? start
  const { outputBytes = JOB_LIMITS.outputBytes.default } = limits as Partial<Limits> // what the version before stored has none
  const state = (work?.writer ?? null) as WriterState | null // a commit wrote it
  const outputs = await openOutputs({ files, run, settings, maxBytes: outputBytes, state, part: isPart })
  const reader = openReader({ source: source.source, format: source.format, from, ...(recordBounds ? { bounds: recordBounds } : {}), ...(source.to === null ? {} : { to: source.to }) })
  const cursor = new SourceCursor({ reader, from, skips: settings.errors.policy === 'skip', onSkipped: () => transform.passSkipped() })
  const committed = { figures: work?.figures ?? NO_FIGURES, state: work ? saved?.json ?? null : null }
  const transform = new TransformRun({ settings, cursor, outputs, checkpoint, active, start, committed, fractionAt: (position) => fractionOf(source, position, reader.storedBytes), isPart, onError })

  const beganAt = performance.now()
  const pace = new Pace(TELL_MS)
  const telling = setInterval(() => writer.setFigures(transform.progress, pace.isDue(performance.now() - beganAt)), TELL_MS)
  return {
    run: transform,
    files: outputs.own,
    async close () {
      clearInterval(telling)
      writer.setFigures(transform.progress, true)
      await Promise.all([reader.close(), outputs.close()]).catch(onError)
    },
  }
}

/** Of a part of a compressed source nobody knows where it ends. */
function fractionOf ({ source: { bytes }, format: { compression }, from, to }: TransformSource, position: RecordPosition, storedBytes: number): number | null {
  if (compression === 'none') return share(position.bytes - from.bytes, (to ?? bytes) - from.bytes)
  if (to !== null) return share(position.bytes - from.bytes, to - from.bytes)
  return from.bytes > 0 ? null : share(storedBytes, bytes)
}

function share (done: number, whole: number): number {
  return whole <= 0 ? 1 : Math.min(1, Math.max(0, done / whole))
}
