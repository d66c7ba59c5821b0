// Preloaded into a process to have its wall clock be wrong: `--import=file:///…/skewed-clock.mjs?ms=600000`. The steady clock stays as it is.
const skewMs = Number(new URL(import.meta.url).searchParams.get('ms'))
const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [target.now() + skewMs] : args, self),
  apply: (target) => new target(target.now() + skewMs).toString(),
  get: (target, name) => name === 'now' ? () => target.now() + skewMs : Reflect.get(target, name),
})
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + skewMs })
