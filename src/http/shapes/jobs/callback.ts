import { z } from 'zod'
import { type CallbackRequest, callbackBodyTypes, callbackProblems } from '../../../core/callback.js'

/** A POST that OSS makes once the object is there. */
export const callbackSchema = z
  .strictObject({
    url: z.string().describe('Where OSS posts: up to 5 URLs, separated by semicolons, tried until one answers 200.'),
    host: z.string().nullable().describe("The Host of the call; the URL's by default.").optional(),
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is OSS that fills them in
    body: z
      .string()
      .describe('What OSS posts, with variables: `bucket=${bucket}&object=${object}&size=${size}&run=${x:run}`.'),
    bodyType: z.enum(callbackBodyTypes).describe('application/x-www-form-urlencoded by default.').optional(),
    vars: z
      .record(z.string(), z.string())
      .describe('Values of variables: `run` or `x:run` stands for `${x:run}`. Names in lower case.')
      .optional(),
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
  })
  .superRefine((request, context) => {
    for (const { path, message } of callbackProblems(request)) {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
  }) satisfies z.ZodType<CallbackRequest>
