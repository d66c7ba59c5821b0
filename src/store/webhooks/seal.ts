import { pack, unpack } from '../codec.ts'
import type { Db } from '../db.ts'

/** Packs what webhooks keep of others: addresses, secrets, bodies. */
export async function packWebhook (_db: Db, text: string | Buffer, _place: readonly [kind: 'webhook' | 'secret' | 'delivery', tenant: string, id: string]): Promise<Buffer> {
  return pack(text)
}

/** Reads what `packWebhook` made. */
export async function unpackWebhook (_db: Db, value: Buffer, _place: readonly [kind: 'webhook' | 'secret' | 'delivery', tenant: string, id: string]): Promise<Buffer> {
  return unpack(value)
}
