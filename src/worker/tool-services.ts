import type { EncryptionKey } from '../core/encryption-keys.ts'
import { createChannels } from '../store/channels.ts'
import { openDb, type Db } from '../store/db.ts'
import { buildKv } from '../store/kv/kv.ts'
import { buildSecrets } from '../store/secrets/secrets.ts'

/** Opens what tools reach Redis by. What they change there goes by a connection of its own, which sends nothing twice. The caller closes it. */
export function openToolServices (db: Db, { url, encryptionKeys, onError }: { url: string, encryptionKeys: readonly EncryptionKey[], onError (error: Error): void }) {
  const once = openDb({ url, prefix: db.keys.prefix, encryptionKeys, failFast: true, once: true, onError })
  const channel = createChannels(db, once, { onError })
  return {
    services: { kv: buildKv(db, once), secrets: buildSecrets(db), channel },
    close: async () => { await Promise.all([once.close(), channel.close()]) },
  }
}
