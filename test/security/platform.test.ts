import { startEngine } from '../helpers/engine.ts'
import { platform } from './groups/platform.ts'
import { ATTACKERS, playGroup } from './play.ts'

playGroup(platform, await startEngine({ lanes: ATTACKERS + 1, spares: 1 }))
