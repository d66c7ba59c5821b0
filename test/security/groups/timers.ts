import { type AttackGroup, inEntry, isStoppedBy } from '../attack.ts'

const limits = { timeoutMs: 200 }
const tooMany = (max: number) => ({ codes: ['TIMER_LIMIT'] as const, name: 'RangeError', message: `Cannot start timer: ${max} are pending, the limit`, limit: { name: 'timers', configured: max } })

/** Timers without measure, and timers given what they do not expect. */
export const timers: AttackGroup = {
  name: 'denial of service by timers',
  attacks: [
    { name: 'timers without an end', code: inEntry('for (;;) setTimeout(() => {}, 1e6)'), end: tooMany(1000) },
    {
      name: 'intervals without an end',
      code: inEntry('for (let i = 0;; i++) setInterval(() => {}, i)'),
      options: { limits: { timers: 50 } },
      end: tooMany(50),
    },
    {
      name: 'timers that each start two',
      code: inEntry('const breed = () => { setTimeout(breed); setTimeout(breed) }; breed(); await new Promise(() => {})'),
      options: { limits: { timers: 100, timeoutMs: 5000 } },
      end: tooMany(100),
    },
    { name: 'a timer where none is allowed', code: inEntry('setTimeout(() => {})'), options: { limits: { timers: 0 } }, end: tooMany(0) },
    {
      name: 'the failure of a timer too many, caught',
      code: inEntry('for (let i = 0; i < 20; i++) { try { setTimeout(() => {}, 1e6) } catch {} } return "still here"'),
      options: { limits: { timers: 10 } },
      end: tooMany(10),
    },
    {
      name: 'the failure of a timer too many, caught without an end',
      code: inEntry('for (;;) { try { setTimeout(() => {}, 1e6) } catch {} }'),
      options: { limits: { timers: 10 } },
      end: tooMany(10),
    },
    {
      name: 'timers started and cleared without an end',
      code: inEntry('for (;;) clearTimeout(setTimeout(() => {}, 1))'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 200),
    },
    {
      name: 'ever earlier timers, each asking the host to be woken',
      code: inEntry('const f = () => {}; for (let i = 0;; i++) clearTimeout(setTimeout(f, 2147483647 - i))'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 200),
    },
    {
      name: 'ever earlier timers with a breath in between',
      code: inEntry('const f = () => {}; for (let i = 0;; i++) { await 0; clearTimeout(setTimeout(f, 2147483647 - i)) }'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 200),
    },
    {
      name: 'ever earlier timers, all of which are due',
      code: inEntry('let ran = 0, early = 0; await new Promise((resolve) => { for (let i = 500; i > 0; i--) { const due = Date.now() + i / 10; setTimeout(() => { if (Date.now() < Math.floor(due)) early++; if (++ran === 500) resolve() }, i / 10) } }); return [ran, early]'),
      end: { result: [500, 0] },
    },
    { name: 'delays of all kinds', code: inEntry(`let asked = 0; const evil = { valueOf () { asked++; return 1 }, toString () { asked++; return '1' }, [Symbol.toPrimitive] () { asked++; return 1 } }
      const waits = [evil, NaN, -1, Infinity, -Infinity, 2 ** 31, 1n, Symbol('x'), null, '1', 'x', '', [5], -0, 0.1].map((delay) => new Promise((resolve) => setTimeout(resolve, delay))); const ends = await Promise.allSettled(waits); return [asked, ends.filter(({ reason }) => reason instanceof TypeError).length]`), end: { result: [1, 2] } },
    {
      name: 'ids of all kinds',
      code: inEntry(`let asked = 0, ran = 0, refused = 0; const evil = { valueOf () { asked++; return -1 } }; const id = setTimeout(() => ran++, 1); for (const clear of [clearTimeout, clearInterval]) { for (const given of [evil, NaN, -1, { id }, null, undefined, 1n, Symbol('x'), '__proto__', 'constructor', 1e21, id + 1]) { try { clear(given) } catch { refused++ } } } await new Promise((resolve) => setTimeout(resolve, 5)); return [asked, ran, refused]`),
      end: { result: [2, 1, 4] },
    },
    {
      name: 'callbacks that are callable but no functions of the code',
      code: inEntry('let ran = 0; setTimeout(new Proxy(() => ran++, {}), 1); setTimeout((() => ran++).bind(null), 1); setTimeout(console.log, 1, "from a timer"); setTimeout(class {}.constructor.prototype, 1); await new Promise((resolve) => setTimeout(resolve, 10)); return ran'),
      end: { result: 2 },
      logs: ['from a timer'],
    },
    {
      name: 'a callback that clears, starts and clears itself',
      code: inEntry('let n = 0; await new Promise((resolve) => { const id = setInterval(() => { clearInterval(id); clearTimeout(id); if (++n < 20) setTimeout(resolve, 1); setTimeout(() => {}, 1e6) }, 1) }); return n'),
      end: { result: 1 },
    },
    {
      name: 'a million arguments for a callback',
      code: inEntry('return await new Promise((resolve) => setTimeout((...given) => resolve(given.length), 1, ...new Array(50_000).fill(1)))'),
      end: { result: 50_000 },
    },
    {
      name: 'an interval that never lets go',
      code: inEntry('setInterval(() => { for (let i = 0; i < 1e5; i++); }, 0); await new Promise(() => {})'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 200),
    },
    {
      name: 'work in small pieces, to hide from the limit on processor time',
      code: inEntry('for (;;) { const until = Date.now() + 4; while (Date.now() < until); await new Promise((resolve) => setTimeout(resolve, 1)) }'),
      options: { limits: { cpuMs: 60, timeoutMs: 20_000 } },
      end: isStoppedBy('CPU_LIMIT', 60),
    },
    {
      name: 'timers that are still pending when the run is over',
      code: inEntry('for (let i = 0; i < 500; i++) setInterval(() => console.log("late"), 1000); return 1'),
      end: { result: 1 },
      logs: [],
    },
  ],
}
