import { z } from 'zod'
import { scopes } from '../../core/caller.js'

/** The body of POST /v1/session. */
export const sessionRequestSchema = z
  .strictObject({ token: z.string().min(1).max(1024).describe('The token; or send it as a bearer token.').optional() })
  .meta({ description: 'A token to be remembered by a cookie.', examples: [{ token: '3f0c9b1e7d' }] })

export const sessionSchema = z
  .object({
    name: z.string().nullable().describe('What events call the holder of the token; null where none is needed.'),
    scope: z.enum(scopes),
  })
  .meta({ description: 'Whose token the cookie stands for.', examples: [{ name: 'ops', scope: 'admin' }] })
