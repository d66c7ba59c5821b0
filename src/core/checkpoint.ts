/** Keeps the state that one run saves for the next run of its job. */
export interface CheckpointService {
  /** Resolves when it is written where it has to be. `refused` for a run that lost its job, `unconfirmed` where it may be lost again. */
  save (json: string): Promise<'kept' | 'refused' | 'unconfirmed'>
  /** Resolves with the state that was saved last, by any run of the job, as JSON text. */
  load (): Promise<string | undefined>
}
