import { format } from './state/address'

/** Every link of the UI; nothing else spells one. Those of MLflow's UI stay valid. */
export const paths = {
  experiments: (params: { q?: string; folder?: string; view?: string } = {}) =>
    format('/experiments', params),
  experiment: (experimentId: string, params: Record<string, string | null> = {}) =>
    format(`/experiments/${experimentId}`, params),
  run: (experimentId: string, runId: string, tab = '', params: Record<string, string> = {}) =>
    format(`/experiments/${experimentId}/runs/${runId}${tab && `/${tab}`}`, params),
  artifact: (experimentId: string, runId: string, path: string) =>
    format(`/experiments/${experimentId}/runs/${runId}/artifacts`, { path }),
  compare: (runIds: string[], experimentIds: string[], params: Record<string, string> = {}) =>
    format('/compare-runs', {
      runs: JSON.stringify(runIds),
      experiments: JSON.stringify(experimentIds),
      ...params,
    }),
  api: () => 'docs',
  getArtifact: (runId: string, path: string) =>
    `get-artifact?${new URLSearchParams({ run_uuid: runId, path })}`,
}
