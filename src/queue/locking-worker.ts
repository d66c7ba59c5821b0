import { Worker, type LockManager } from 'bullmq'
import { MessageLocks } from './message-locks.ts'

/** BullMQ's worker with our own keeper of locks. */
export class LockingWorker extends Worker<unknown> {
  get locks (): MessageLocks {
    return this.lockManager as MessageLocks // made below
  }

  /** Called by the constructor of BullMQ's class. */
  protected override createLockManager (): void {
    const { lockRenewTime = 0, lockDuration = 0 } = this.opts // both are set by then
    const self = this as unknown as ConstructorParameters<typeof LockManager>[0] // BullMQ hands itself over so, and types its `trace` otherwise
    this.lockManager = new MessageLocks(self, { lockRenewTime, lockDuration, workerId: this.id })
  }
}
