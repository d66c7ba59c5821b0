import { EncryptionKeys } from '../../core/encryption-keys.ts'
import { openDb, type Db } from '../../store/db.ts'
import { checkEncryption } from '../../store/encryption/check.ts'
import { countKeys, renewEncryption as renew, type KeyCounts } from '../../store/encryption/renew.ts'
import type { CommandContext } from '../command.ts'
import { keepEncryptionKeys } from '../encryption-keys.ts'
import { dataFolder } from '../service.ts'
import { openRedis } from './start-part.ts'

/** Says how many stored values each key encrypts: one that encrypts none may go. */
export function countEncryption (context: CommandContext): Promise<number> {
  return withStore(context, async (db) => {
    print(context, db, await countKeys(db))
    return 0
  })
}

/** Encrypts everything anew with the first key, and says what is left. Answers 1 where something could not be. */
export function renewEncryption (context: CommandContext): Promise<number> {
  return withStore(context, async (db) => {
    await checkEncryption(db)
    const { renewed, unreadable, missed } = await renew(db)
    context.terminal.print(`renewed ${renewed}, changed meanwhile ${missed}, unreadable ${unreadable}`)
    print(context, db, await countKeys(db))
    return unreadable > 0 ? 1 : 0
  })
}

function print ({ terminal }: CommandContext, db: Db, counts: KeyCounts): void {
  for (const id of new Set([...db.cipher.keyIds, ...[...counts.keys()].filter(Boolean).toSorted()])) {
    const why = db.cipher.keyIds.includes(id) ? '' : '  (not in BATCHBOX_ENCRYPTION_KEYS)'
    terminal.print(`${String(counts.get(id) ?? 0).padStart(10)}  ${id}${why}`)
  }
  terminal.print(`${String(counts.get('') ?? 0).padStart(10)}  not encrypted`)
}

async function withStore (context: CommandContext, act: (db: Db) => Promise<number>): Promise<number> {
  const { config, terminal } = context
  const redis = await openRedis(context)
  const keys = config.BATCHBOX_ENCRYPTION_KEYS ?? (config.REDIS_URL ? '' : keepEncryptionKeys(dataFolder(context)))
  const encryptionKeys = EncryptionKeys.safeParse(keys)
  try {
    if (!encryptionKeys.success) throw new Error(`Cannot read BATCHBOX_ENCRYPTION_KEYS: ${encryptionKeys.error.issues[0]?.message}`)
    const db = openDb({ url: redis.url, prefix: config.BATCHBOX_PREFIX, encryptionKeys: encryptionKeys.data, failFast: false, onError: (error) => terminal.note(error.message) })
    try {
      return await act(db)
    } finally {
      await db.close()
    }
  } finally {
    await redis.close()
  }
}
