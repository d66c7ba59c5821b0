/** Attribute keys that OpenTelemetry's conventions do not have. The spans that carry `JOB_ID` are kept with that job. */
export const JOB_ID = 'batchbox.job.id'
export const JOB_STATUS = 'batchbox.job.status'
export const JOB_ATTEMPT = 'batchbox.job.attempt'
export const TENANT = 'batchbox.tenant'

/** The `messaging.*` attributes of the queue, by what is done with a message. Source: OpenTelemetry semantic conventions 1.37. */
export function messagingAttributes (operation: 'send' | 'receive' | 'process' | 'settle', messageId: string) {
  return {
    'messaging.system': 'bullmq',
    'messaging.destination.name': 'batchbox',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.message.id': messageId,
  }
}
