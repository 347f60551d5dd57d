import { render } from 'preact'
import { createDashboard, DashboardContext } from './state/dashboard.js'
import { applyTheme } from './state/theme.js'
import { App } from './views/app.js'

const root = document.getElementById('page')
if (root === null) throw new Error('The page has no place for the dashboard.')

applyTheme()
const dashboard = createDashboard()
render(
  <DashboardContext.Provider value={dashboard}>
    <App />
  </DashboardContext.Provider>,
  root,
)
void dashboard.start()
