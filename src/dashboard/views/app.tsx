import { useEffect } from 'preact/hooks'
import { useDashboard } from '../state/dashboard.js'
import { Banner } from './banner.js'
import { BatchesView } from './batches-view.js'
import { JobView } from './job-view.js'
import { JobsView } from './jobs-view.js'
import { NoticeBar } from './notice.js'
import { QuestionDialog } from './question-dialog.js'
import { listenToKeys } from './shortcuts.js'
import { SignIn } from './sign-in.js'
import { SubmitDialog } from './submit-dialog.js'
import { TopBar } from './top-bar.js'

const Page = () => {
  const { route } = useDashboard()
  const { value } = route
  switch (value.page) {
    case 'jobs':
      return <JobsView filter={value.filter} />
    case 'job':
      return <JobView key={value.id} id={value.id} />
    case 'batches':
      return <BatchesView />
  }
}

export const App = () => {
  const dashboard = useDashboard()
  const { signIn, submitting, question, announcer, jobs } = dashboard
  useEffect(() => listenToKeys(dashboard), [dashboard])
  if (signIn.value === 'needed') return <SignIn />
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <TopBar />
      <Banner />
      <main id="main" tabIndex={-1} class={jobs.connection.value === 'away' ? 'last-seen' : undefined}>
        <Page />
      </main>
      <NoticeBar />
      <p class="unseen" role="status" aria-live="polite">
        {announcer.text.value}
      </p>
      {submitting.value && <SubmitDialog />}
      {question.value !== null && <QuestionDialog asked={question.value} />}
    </>
  )
}
