import type { ChannelService } from '../core/channel.ts'
import type { CheckpointService } from '../core/checkpoint.ts'
import type { FileService } from '../core/file-service.ts'
import type { KvService } from '../core/kv.ts'
import type { SecretService } from '../core/secret.ts'

/**
 * What the worker gives tools to reach beyond their own process. A tool imports no service: it is handed these, and says what it lacks where one is
 * missing, as when the engine is used without a Redis.
 */
export interface ToolServices {
  kv?: KvService
  secrets?: SecretService
  channel?: ChannelService
  checkpoint?: CheckpointService
  files?: FileService
}
