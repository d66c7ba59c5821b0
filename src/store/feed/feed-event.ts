import { EVENT_VERSION, viewEvent, type EventType, type EventView, type JobEvent } from '../../core/events.ts'

/** An event as readers of a feed get it. All readers of a topic share it: it is not to be changed. */
export interface FeedEvent {
  /** Where a reader goes on that has seen it. */
  readonly cursor: number
  /** Id of the job or batch that it tells of. */
  readonly subject: string
  readonly type: EventType
  readonly version: typeof EVENT_VERSION
  readonly view: EventView
  /** The view, written once for everybody. */
  readonly json: string
}

export function buildFeedEvent (subject: string, event: JobEvent, cursor?: number): FeedEvent {
  const view = viewEvent(subject, event, cursor)
  return { cursor: view.cursor, subject, type: event.type, version: EVENT_VERSION, view, json: JSON.stringify(view) }
}
