import type { JobView } from '../../core/job-view.js'
import { formatCount, formatInstant } from '../text/format.js'
import { proofSentence } from '../text/words.js'
import { Facts } from './facts.js'
import { Icon } from './icon.js'

/** Shows how it is known that OSS holds the same bytes as the file. */
export const Receipt = ({ receipt }: { readonly receipt: NonNullable<JobView['receipt']> }) => (
  <section class="card receipt" aria-label="Receipt">
    <h2>
      <Icon name="check" /> Receipt
    </h2>
    <p>{proofSentence(receipt.proof)}</p>
    <Facts
      facts={[
        { name: 'Size', value: `${formatCount(receipt.size)} bytes` },
        { name: 'CRC-64 of the file', value: receipt.crc64, mono: true },
        { name: 'CRC-64 by OSS', value: receipt.serverCrc64 ?? 'none given', mono: true },
        { name: 'ETag', value: receipt.etag, mono: true },
        { name: 'Version', value: receipt.versionId, mono: true },
        { name: 'OSS request', value: receipt.requestId, mono: true },
        { name: 'Completed', value: formatInstant(receipt.completedAt, new Date()) },
      ]}
    />
  </section>
)
