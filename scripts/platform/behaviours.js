// Runs in the sandbox beside check.js: what each global has to do, by its standard. Each answers whether it does; what throws does not.

const failure = async (work) => {
  try {
    await work()
    return undefined
  } catch (error) {
    return error.name
  }
}
const readAll = async (stream) => {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
const through = async (stream, chunk) => {
  const writer = stream.writable.getWriter()
  const [chunks] = await Promise.all([readAll(stream.readable), writer.write(chunk), writer.close()])
  return chunks
}
const join = (chunks) => new Uint8Array(chunks.flatMap((chunk) => [...chunk]))
const next = () => new Promise((resolve) => { setTimeout(resolve, 0) })

/** The name of the global, what it does, and the check. */
export const BEHAVIOURS = [
  ['AbortController', 'its signal aborts with a reason', () => { const c = new AbortController(); c.abort('why'); return c.signal.aborted && c.signal.reason === 'why' }],
  ['AbortSignal', '`timeout` and `any` abort', async () => { const signal = AbortSignal.any([AbortSignal.timeout(1)]); await new Promise((resolve) => { signal.addEventListener('abort', resolve) }); return signal.reason.name === 'TimeoutError' }],
  ['Blob', 'it joins parts and slices them', async () => { const blob = new Blob(['a', new Uint8Array([98]), new Blob(['cd'])], { type: 'TEXT/plain' }); return blob.type === 'text/plain' && await blob.slice(1, -1).text() === 'bc' }],
  ['ByteLengthQueuingStrategy', 'it counts bytes', () => new ByteLengthQueuingStrategy({ highWaterMark: 5 }).size(new Uint8Array(3)) === 3],
  ['CompressionStream', 'deflate, deflate-raw and gzip come back', async () => {
    for (const format of ['deflate', 'deflate-raw', 'gzip']) {
      const packed = join(await through(new CompressionStream(format), new Uint8Array(1000)))
      if (packed.length > 100 || join(await through(new DecompressionStream(format), packed)).length !== 1000) return false
    }
    return true
  }],
  ['CountQueuingStrategy', 'it counts chunks', () => new CountQueuingStrategy({ highWaterMark: 5 }).size('abc') === 1],
  ['CustomEvent', 'it carries a detail', () => new CustomEvent('x', { detail: 5 }).detail === 5],
  ['DOMException', 'it is an error with a code', () => new DOMException('m', 'AbortError').code === 20 && new DOMException() instanceof Error && Error.isError(new DOMException())],
  ['DecompressionStream', 'it refuses what is not compressed', async () => await failure(() => through(new DecompressionStream('gzip'), new Uint8Array(30))) === 'TypeError'],
  ['Event', 'it can be cancelled', () => { const event = new Event('x', { cancelable: true }); event.preventDefault(); return event.defaultPrevented && event.isTrusted === false }],
  ['EventTarget', 'listeners are called once, in order, and a signal takes them away', () => {
    const [heard, target, controller] = [[], new EventTarget(), new AbortController()]
    target.addEventListener('x', () => heard.push(1), { once: true })
    target.addEventListener('x', { handleEvent: () => heard.push(2) }, { signal: controller.signal })
    target.dispatchEvent(new Event('x'))
    controller.abort()
    target.dispatchEvent(new Event('x'))
    return heard.join() === '1,2'
  }],
  ['File', 'it is a Blob with a name', async () => { const file = new File(['x'], 'n', { lastModified: 5 }); return file instanceof Blob && file.name === 'n' && file.lastModified === 5 && await file.text() === 'x' }],
  ['FormData', 'entries are texts and files', () => { const form = new FormData(); form.append('a', 1); form.append('f', new Blob(['x']), 'n'); return form.get('a') === '1' && form.get('f') instanceof File && form.get('f').name === 'n' }],
  ['Headers', 'values are combined, cookies are not', () => { const headers = new Headers([['B', '1'], ['a', '2'], ['b', ' 3 ']]); headers.append('set-cookie', 'x'); headers.append('set-cookie', 'y'); return [...headers].join(';') === 'a,2;b,1, 3;set-cookie,x;set-cookie,y' && headers.getSetCookie().length === 2 }],
  ['MessageChannel', 'what one port posts the other gets, with what is transferred', async () => {
    const { port1, port2 } = new MessageChannel()
    const heard = new Promise((resolve) => { port2.addEventListener('message', resolve) })
    port2.start()
    const { buffer } = new Uint8Array([7])
    port1.postMessage({ list: [1], buffer }, [buffer])
    const { data } = await heard
    port1.close()
    return data.list[0] === 1 && new Uint8Array(data.buffer)[0] === 7 && buffer.byteLength === 0
  }],
  ['MessageEvent', 'it carries data', () => new MessageEvent('message', { data: 5, origin: 'o' }).data === 5],
  ['Performance', 'time goes on from its origin', () => performance.now() >= 0 && Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 60_000],
  ['ReadableStream', 'it is read, teed, and made of iterables', async () => {
    const [one, two] = ReadableStream.from([1, 2]).tee()
    return (await readAll(one)).join() === '1,2' && (await readAll(two)).join() === '1,2' && one.locked === false
  }],
  ['ReadableStreamBYOBReader', 'it fills a buffer', async () => {
    const stream = new ReadableStream({ type: 'bytes', pull (controller) { controller.byobRequest.view[0] = 9; controller.byobRequest.respond(1) } })
    const { value } = await stream.getReader({ mode: 'byob' }).read(new Uint8Array(4))
    return value.length === 1 && value[0] === 9
  }],
  ['Request', 'it has a method, headers and a body', async () => { const request = new Request('https://h/a', { method: 'post', body: 'x', headers: { A: 'b' } }); return request.method === 'POST' && request.url === 'https://h/a' && request.headers.get('a') === 'b' && await request.clone().text() === 'x' }],
  ['Response', 'bodies are read as text, JSON, bytes, forms and blobs', async () => {
    const form = await new Response(new URLSearchParams('a=b')).formData()
    const blob = await new Response('x', { headers: { 'content-type': 'text/x' } }).blob()
    return form.get('a') === 'b' && blob.type === 'text/x' && (await Response.json({ a: 1 }).json()).a === 1 && (await new Response('é').bytes()).length === 2 && Response.redirect('https://h/', 303).status === 303
  }],
  ['TextDecoder', 'UTF-8 and legacy encodings', () => new TextDecoder().decode(new Uint8Array([0xc3, 0xa9, 0xff])) === 'é\ufffd' && new TextDecoder('shift_jis').decode(new Uint8Array([0x82, 0xa0])) === 'あ' && new TextDecoder('utf-16le').decode(new Uint8Array([0x41, 0])) === 'A'],
  ['TextDecoderStream', 'characters may be cut', async () => (await readAll(ReadableStream.from([new Uint8Array([0xc3]), new Uint8Array([0xa9])]).pipeThrough(new TextDecoderStream()))).join('') === 'é'],
  ['TextEncoder', 'lone surrogates are replaced', () => new TextEncoder().encode('é\ud800').join() === '195,169,239,191,189' && new TextEncoder().encodeInto('aé', new Uint8Array(2)).read === 1],
  ['TextEncoderStream', 'surrogates may be cut', async () => join(await readAll(ReadableStream.from(['\ud83d', '\ude00']).pipeThrough(new TextEncoderStream()))).join() === '240,159,152,128'],
  ['TransformStream', 'it transforms', async () => (await through(new TransformStream({ transform (chunk, controller) { controller.enqueue(chunk * 2) } }), 4)).join() === '8'],
  ['URL', 'it parses, resolves and sets', () => { const url = new URL('../b?x=1#y', 'https://u@münchen.example:443/a/c'); url.port = '81'; url.searchParams.append('é', ' '); return url.href === 'https://u@xn--mnchen-3ya.example:81/b?x=1&%C3%A9=+#y' && URL.parse('no') === null }],
  ['URL', 'object URLs are made and revoked', () => { const url = URL.createObjectURL(new Blob(['x'])); URL.revokeObjectURL(url); return url.startsWith('blob:nodedata:') }],
  ['URLPattern', 'groups answer what they took', () => new URLPattern({ pathname: '/:id(\\d+)' }).exec('https://h/12').pathname.groups.id === '12'],
  ['URLSearchParams', 'pairs are kept in order', () => new URLSearchParams([['b', '1'], ['a', '2'], ['b', '3']]).toString() === 'b=1&a=2&b=3'],
  ['WritableStream', 'it writes and closes', async () => { const heard = []; const writer = new WritableStream({ write (chunk) { heard.push(chunk) }, close () { heard.push('end') } }).getWriter(); writer.write(1); await writer.close(); return heard.join() === '1,end' }],
  ['atob', 'it decodes', () => atob(' YQ = = ') === 'a' && btoa('\xff') === '/w=='],
  ['btoa', 'it refuses what is no byte', async () => await failure(() => btoa('é€')) === 'InvalidCharacterError'],
  ['clearTimeout', 'a timer does not run', async () => { let ran = false; clearTimeout(setTimeout(() => { ran = true }, 0)); await next(); return !ran }],
  ['clearInterval', 'an interval ends', async () => { let count = 0; await new Promise((resolve) => { const id = setInterval(() => { if (++count === 2) { clearInterval(id); resolve() } }, 0) }); await next(); return count === 2 }],
  ['queueMicrotask', 'it runs before timers', async () => { const order = []; setTimeout(() => order.push(2), 0); queueMicrotask(() => order.push(1)); await next(); await next(); return order.join() === '1,2' }],
  ['setTimeout', 'arguments are passed, texts are refused', async () => await new Promise((resolve) => { setTimeout(resolve, 0, 5) }) === 5 && await failure(() => setTimeout('1')) !== undefined],
  ['structuredClone', 'cycles, maps, dates, errors and buffers', () => {
    const value = { map: new Map([[1, new Set([2])]]), date: new Date(5), error: new RangeError('r'), bytes: new Uint8Array([1]), none: undefined, big: 1n, re: /a/g }
    value.self = value
    const clone = structuredClone(value)
    return clone.self === clone && clone.map.get(1).has(2) && +clone.date === 5 && clone.error instanceof RangeError && clone.bytes[0] === 1 && 'none' in clone && clone.big === 1n && clone.re.flags === 'g' && clone !== value
  }],
  ['structuredClone', 'functions are refused', async () => await failure(() => structuredClone(() => {})) === 'DataCloneError'],
  ['self', 'it is the global object', () => self === globalThis],
  ['crypto', 'it digests, and makes random values', async () => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array())).slice(0, 2).join() === '227,176' && crypto.randomUUID().length === 36 && crypto.getRandomValues(new Uint8Array(4)).length === 4],
]
