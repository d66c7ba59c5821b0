import { hasScope } from '../core/api-key.ts'
import { JobError } from '../core/failures.ts'
import type { Caller } from './access.ts'

/** The tenant that a request is about: the caller's own, unless an operator names another. Throws FORBIDDEN where anybody else does. */
export function chooseTenant (caller: Pick<Caller, 'tenant' | 'scopes'>, asked: string | undefined): string {
  if (asked === undefined || asked === caller.tenant) return caller.tenant
  if (!hasScope(caller, 'operator')) throw new JobError('FORBIDDEN', 'Cannot act for another tenant: the key lacks the scope "operator"')
  return asked
}
