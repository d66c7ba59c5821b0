/**
 * Options for isolated-vm: complete, frozen and without a prototype, since the library looks each of them up where a prototype that was
 * poisoned could answer. Its types know no `false`, hence the type of the caller's.
 */
export function buildOptions<T extends object> (options: object): Readonly<T> {
  return Object.freeze(Object.assign(Object.create(null), options)) as T
}

/** Nothing but primitives crosses. */
export const PLAIN_VALUES = buildOptions<object>({ copy: false, externalCopy: false, promise: false, reference: false })
/** What stays inside is pointed at from outside. */
export const AS_REFERENCE = buildOptions<{ reference: true }>({ copy: false, externalCopy: false, promise: false, reference: true })
/** A call whose arguments and answer are such. */
export const PLAIN_CALL = buildOptions<{ arguments: object, result: object }>({ arguments: PLAIN_VALUES, result: PLAIN_VALUES })
/** A call whose answer is pointed at. */
export const GIVES_REFERENCE = buildOptions<{ arguments: object, result: { reference: true } }>({ arguments: PLAIN_VALUES, result: AS_REFERENCE })
/** A function of ours that the isolate calls and that answers it nothing. */
export const ONE_WAY = buildOptions<{ ignored: true }>({ async: false, ignored: true, sync: false })
/** A function of ours whose answer the isolate waits for. */
export const ANSWERING = buildOptions<{ sync: true }>({ async: false, ignored: false, sync: true })
