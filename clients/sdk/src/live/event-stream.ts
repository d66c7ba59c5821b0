/** A block of an event stream: an event, or only where the stream stands. */
export interface Block {
  /** Empty where it has none. */
  event: string
  data: string
  id: string | undefined
}

/**
 * Makes what reads a stream of Server-Sent Events, however it is cut: it takes the next text and answers the blocks that are whole by then. Lines end in LF or CRLF; comments,
 * `retry` and fields that are unknown are left out. Source: HTML Standard, section 9.2.6.
 */
export function createBlockReader (): (text: string) => Block[] {
  let rest: string[] = []
  let data: string[] = []
  let block: Block = { event: '', data: '', id: undefined }

  return (text) => {
    const blocks: Block[] = []
    const lines = text.split('\n')
    const last = lines.pop() as string // there is one at least
    for (const part of lines) {
      const line = (rest.join('') + part).replace(/\r$/, '')
      rest = []
      if (line === '') {
        blocks.push({ ...block, data: data.join('\n') })
        block = { event: '', data: '', id: undefined }
        data = []
        continue
      }
      const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (name === 'data') data.push(value)
      else if (name === 'event' || name === 'id') block[name] = value
    }
    rest.push(last)
    return blocks
  }
}
