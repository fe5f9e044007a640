import { QueryClientProvider } from '@tanstack/react-query'
import { render } from 'preact'
import { queryClient } from './api/query'
import { Shell } from './layout/Shell'
import { apply } from './state/prefs'
import './styles/tokens.css'
import './styles/base.css'

apply()
render(
  <QueryClientProvider client={queryClient}>
    <Shell />
  </QueryClientProvider>,
  document.getElementById('app')!,
)
