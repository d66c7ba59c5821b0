// @ts-check
// Only runs with `serialization: "structured"` have it, from before any user code.
export { decodeStructured } from '../structured/decode.js'
export { encodeStructured } from '../structured/encode.js'
