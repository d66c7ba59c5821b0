// Ends with 0 when the URL is answered with success. Plain JavaScript without imports: it starts in some 50 ms.
const WITHIN_MS = 2000
const response = await fetch(process.argv[2] ?? '', { signal: AbortSignal.timeout(WITHIN_MS) })
process.exit(response.ok ? 0 : 1)
