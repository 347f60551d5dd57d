import { useSignal } from '@preact/signals'
import type { IfExists } from '../../core/job-options.js'
import { ApiProblem } from '../net/api.js'
import { useDashboard } from '../state/dashboard.js'
import { remember, remembered } from '../state/memory.js'
import { jobHash, jobsHash, noFilter } from '../state/route.js'
import { type Draft, emptyDraft, fieldOf, keyOf, submitRequestOf } from '../state/submit-request.js'
import { ifExistsWords } from '../text/words.js'
import { Dialog } from './dialog.js'
import { Icon } from './icon.js'
import { TextField } from './text-field.js'

const kinds = [
  { kind: 'file', word: 'One file', icon: 'up' },
  { kind: 'directory', word: 'A directory', icon: 'folder' },
] as const

const KindChoice = ({ kind, onChoose }: { kind: Draft['kind']; onChoose: (kind: Draft['kind']) => void }) => (
  <fieldset class="choice">
    <legend class="unseen">What to upload</legend>
    {kinds.map((choice) => (
      <label key={choice.kind}>
        <input
          type="radio"
          name="kind"
          value={choice.kind}
          checked={kind === choice.kind}
          onChange={() => onChoose(choice.kind)}
        />
        <span>
          <Icon name={choice.icon} /> {choice.word}
        </span>
      </label>
    ))}
  </fieldset>
)

const IfExistsChoice = ({ policy, onChoose }: { policy: IfExists; onChoose: (policy: IfExists) => void }) => (
  <div class="field">
    <label for="if-exists">If the object already exists</label>
    <select
      id="if-exists"
      name="ifExists"
      value={policy}
      onChange={(event) => onChoose(event.currentTarget.value as IfExists)}
    >
      {(Object.keys(ifExistsWords) as IfExists[]).map((offered) => (
        <option key={offered} value={offered}>
          {ifExistsWords[offered]}
        </option>
      ))}
    </select>
  </div>
)

/** Hands over a file or a directory. The daemon says what is wrong, and it is shown at the field that it is about. */
export const SubmitDialog = () => {
  const { api, submitting, announcer } = useDashboard()
  const draft = useSignal<Draft>({ ...emptyDraft, bucket: remembered<string>('bucket') ?? '' })
  const problem = useSignal<ApiProblem | null>(null)
  const busy = useSignal(false)
  const { kind, path, bucket, ifExists } = draft.value
  const isFile = kind === 'file'

  const set = (change: Partial<Draft>): void => {
    draft.value = { ...draft.value, ...change }
    // The refused text is no longer in the field. Other fields that were refused stay marked.
    const before = problem.peek()
    const others = before?.fields.filter(({ path }) => !Object.hasOwn(change, fieldOf(path) ?? '')) ?? []
    problem.value =
      before === null || others.length === 0 || 'kind' in change
        ? null
        : new ApiProblem(before.status, before.code, before.message, others)
  }
  const close = (): void => {
    submitting.value = false
  }

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    busy.value = true
    problem.value = null
    try {
      const request = submitRequestOf(draft.value)
      const { id } = await api.send<{ id: string }>('POST', request.path, request.body)
      remember('bucket', bucket.trim())
      announcer.say(isFile ? 'The upload was submitted.' : 'The batch was submitted.')
      location.hash = isFile ? jobHash(id) : jobsHash({ ...noFilter, batch: id })
      close()
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      problem.value = error
    } finally {
      busy.value = false
    }
  }

  const problems = new Map(problem.value?.fields.map((field) => [fieldOf(field.path), field.message]))
  const bind = (name: Exclude<keyof Draft, 'kind' | 'ifExists'>) => ({
    name,
    value: draft.value[name],
    problem: problems.get(name),
    onInput: (value: string) => set({ [name]: value }),
  })
  return (
    <Dialog label="New upload" onClose={close}>
      <form onSubmit={submit} noValidate={false}>
        <h2>New upload</h2>
        <KindChoice kind={kind} onChoose={(chosen) => set({ kind: chosen })} />
        <TextField
          label={isFile ? 'File' : 'Directory'}
          {...bind('path')}
          placeholder={isFile ? '/srv/in/video.mp4' : '/srv/in/pictures'}
          hint="An absolute path on the daemon's machine, below one of its source roots."
          mono
          required
        />
        <div class="field-row">
          <TextField label="Bucket" {...bind('bucket')} mono required />
          <TextField
            label={isFile ? 'Key' : 'Prefix'}
            {...bind('key')}
            placeholder={isFile ? keyOf({ path, key: '' }) : 'pictures/'}
            hint={isFile ? 'Empty: the name of the file.' : 'What every key begins with.'}
            mono
          />
        </div>
        <details class="more">
          <summary>More options</summary>
          <IfExistsChoice policy={ifExists} onChoose={(policy) => set({ ifExists: policy })} />
          {!isFile && (
            <div class="field-row">
              <TextField
                label="Include"
                {...bind('include')}
                placeholder="**/*.jpg"
                hint="Globs with commas between them."
                mono
              />
              <TextField label="Exclude" {...bind('exclude')} placeholder="tmp, **/*.part" mono />
            </div>
          )}
          <div class="field-row">
            <TextField label="Labels" {...bind('labels')} placeholder="run=42, camera=7" />
            <TextField label="Priority" {...bind('priority')} type="number" hint="−100 to 100, higher goes first." />
          </div>
        </details>
        {problem.value !== null && (
          <p class="form-problem" role="alert">
            {problem.value.message}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Never mind
          </button>
          <button type="submit" class="button primary" disabled={busy.value}>
            {busy.value ? 'Submitting…' : 'Upload'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
