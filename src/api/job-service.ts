import type { Tracer } from '@opentelemetry/api'
import type { FastifyBaseLogger } from 'fastify'
import type { LimitPolicy } from '../core/limits.ts'
import type { Files } from '../files/files.ts'
import type { Dispatcher } from '../queue/dispatcher.ts'
import type { AuditBounds } from '../store/audit.ts'
import type { Db } from '../store/db.ts'
import type { Durability } from '../store/durability.ts'
import type { Feed } from '../store/feed/feed.ts'
import type { RoomBounds } from '../store/tenant-room.ts'
import type { JobWaiter } from '../store/wait.ts'

/** What the routes work with. Whoever builds it closes its members. */
export interface JobService {
  readonly db: Db
  readonly files: Files
  readonly dispatcher: Pick<Dispatcher, 'dispatch' | 'discard'>
  readonly waiter: Pick<JobWaiter, 'waitForEnd'>
  readonly feed: Pick<Feed, 'open'>
  /** Throws OVERLOADED while there is no room for more jobs. */
  checkRoom (): Promise<void>
  readonly durability: Pick<Durability, 'confirm'>
  readonly tracer: Tracer
  readonly logger: Pick<FastifyBaseLogger, 'info' | 'warn'>
  readonly policy: LimitPolicy
  readonly toolNames: readonly string[]
  /** How long a job is kept after it ended. */
  readonly retentionMs: number
  /** How long an idempotency key is remembered. */
  readonly idempotencyMs: number
  /** Bounds of one batch: items, and bytes of a body that is not a stream. */
  readonly batches: { readonly maxItems: number, readonly maxBodyBytes: number }
  /** How much every tenant may have at one time. */
  readonly tenantBounds: RoomBounds
  /** How much of what administrators do is kept. */
  readonly audit: AuditBounds
  /** A job of `POST /execute` that has not started within its timeout and this long is given up. */
  readonly executeGraceMs: number
}
