import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startEngine } from '../helpers/engine.ts'
import { isAlive } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'
import { afterTheEnd, takeover } from './groups/takeover.ts'
import { FAIR } from './lies.ts'
import { ATTACKERS, type HonestJob, play, playGroup, playHonest } from './play.ts'

const file = fileURLToPath(new URL('fixtures/liar.ts', import.meta.url))
const honest: HonestJob = { code: FAIR, result: (input) => String(input), logs: () => ['fair'] }

const engine = await startEngine({ lanes: ATTACKERS + 1, spares: 2, file })
const alone = await startEngine({ lanes: 1, spares: 0, file })

playGroup(takeover, engine, honest)

test(afterTheEnd.name, async (t) => {
  for (const attack of afterTheEnd.attacks) {
    await t.test(attack.name, async () => {
      const [runner = 0] = alone.engine.runnerPids()

      await play(attack, alone)

      await until('the runner is dead', () => !isAlive(runner))
      await playHonest(alone, honest, 1)
    })
  }
})
