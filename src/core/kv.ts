/** The run that writes. One that has lost its job writes nothing. */
export interface KvWriter {
  tenant: string
  jobId: string
  /** Number of the run. */
  fence: number
}

/** How much a tenant may keep. */
export interface KvQuota {
  maxEntries: number
  /** Of keys and of values, as UTF-8. */
  maxBytes: number
}

export interface KvChange extends KvQuota {
  key: string
  /** JSON text. */
  value: string
  /** 0 for an entry that stays. */
  ttlMs: number
}

export interface KvPage {
  keys: string[]
  /** The key to go on after; null at the end. A page that is not full, or is empty, may have one. */
  cursor: string | null
}

/**
 * Entries that a tenant keeps for its code, each a JSON text under a key. Writes throw RATE_LIMITED where the tenant has no room, naming the quota; UNAVAILABLE where the
 * run has lost its job, where Redis takes no writes, and where its answer was lost, after which nobody knows; and TENANT_ERASING.
 */
export interface KvService {
  /** Answers the text of an entry; undefined where there is none. */
  get (tenant: string, key: string): Promise<string | undefined>
  set (writer: KvWriter, change: KvChange): Promise<void>
  /** Sets an entry if it has exactly the text expected or, without one, if there is none. Answers whether it did; where not, with the text that there is instead. */
  compareAndSet (writer: KvWriter, change: KvChange, expected: string | undefined): Promise<{ isSet: true } | { isSet: false, current: string | undefined }>
  /** Adds to an entry that is an integer, or missing, which is 0. Answers the sum. Throws INVALID for any other entry, and for a sum that is no safe integer. */
  increment (writer: KvWriter, change: KvQuota & { key: string, by: number }): Promise<number>
  /** Answers whether there was an entry. */
  delete (writer: KvWriter, key: string): Promise<boolean>
  /** Lists keys that begin with the prefix, in the order of their UTF-8. */
  list (tenant: string, page: { prefix: string, cursor: string | undefined, limit: number }): Promise<KvPage>
}
