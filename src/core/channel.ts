/** Where a message goes: to the runs of a tenant, or those of one of its batches, that listen to the topic. */
export interface ChannelAddress {
  tenant: string
  /** Null for all of the tenant's. */
  batchId: string | null
  /** Well-formed UTF-16: two topics that differ in lone surrogates alone would be one. */
  topic: string
}

/** Hears a message, and the id of the job that sent it. */
export type ChannelListener = (text: string, senderId: string) => void

/** Carries messages between runs, whichever worker they are in. They reach who listens at that moment, and nobody later. */
export interface ChannelService {
  /** Resolves when the message is on its way; with false, at once, where it cannot be sent now: nobody waits for a message of before. */
  publish (address: ChannelAddress, message: { senderId: string, text: string }): Promise<boolean>
  /** Resolves when what is published from then on is heard, until the function that it answers is called. */
  subscribe (address: ChannelAddress, listener: ChannelListener): Promise<() => void>
}
