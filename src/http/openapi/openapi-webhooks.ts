import { exampleOf } from '../shapes/examples.js'
import { webhookMessageSchema } from '../shapes/webhooks.js'

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
  example,
})

/** Describes the requests that the daemon itself makes. `schema` is the reference to the schema of the message. */
export const webhooksOf = (schema: string) => ({
  jobEvent: {
    post: {
      operationId: 'receiveJobEvent',
      summary: 'What the `webhook` of a job receives',
      description:
        'Signed by Standard Webhooks: `v1,` and the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`, in base64, under ' +
        'the secret of the daemon. It is tried for three days, the same bytes under the same id, until an answer is 2xx or 410.',
      tags: ['webhooks'],
      security: [],
      parameters: [
        header('webhook-id', 'The id of the event, the same at every try.', '5f0a6b7c-42'),
        header('webhook-timestamp', 'Seconds since the epoch, of this try.', '1767225609'),
        header(
          'webhook-signature',
          'One signature for each secret, separated by spaces.',
          'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnk=',
        ),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: schema }, example: exampleOf(webhookMessageSchema) } },
      },
      responses: {
        '2XX': { description: 'Accepted: it is not sent again.' },
        '410': { description: 'The receiver wants none of this any more: it is not sent again.' },
        '4XX': { description: 'It is sent again later.' },
        '5XX': { description: 'It is sent again later, not before `Retry-After`.' },
      },
    },
  },
})
