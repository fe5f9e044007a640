// The first page: what experiments there are, looked up again while the page is in view.
'use strict'

const MOST = 12
const EVERY = 5000
const element = (id) => document.getElementById(id)

// Asks by POST; without a question, by GET.
async function ask(path, question) {
  const answer = await fetch(`ajax-api/2.0/mlflow/${path}`, {
    ...question && {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(question),
    },
  })
  if (!answer.ok) {
    const problem = await answer.text()
    let message = problem
    try { message = JSON.parse(problem).message } catch { /* plain text */ }
    throw new Error(message || answer.statusText)
  }
  return answer.json()
}

function ago(milliseconds) {
  const seconds = Math.max(0, (Date.now() - milliseconds) / 1000)
  const steps = [[60, 1, 'second'], [3600, 60, 'minute'], [86400, 3600, 'hour'], [Infinity, 86400, 'day']]
  const [, unit, name] = steps.find(([limit]) => seconds < limit)
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(-Math.floor(seconds / unit), name)
}

function cell(row, text, kind) {
  const made = row.insertCell()
  made.textContent = text
  if (kind) made.className = kind
  return made
}

function small(parent, text) {
  const made = document.createElement('small')
  made.textContent = text
  parent.append(made)
}

function rowOf({ experiment, found }) {
  const row = document.createElement('tr')
  const name = document.createElement('a')
  name.href = `#/experiments/${experiment.experiment_id}`
  name.textContent = experiment.name
  const named = cell(row, '')
  named.append(name)
  small(named, `id ${experiment.experiment_id}`)
  const newest = found.runs?.[0]?.info
  if (newest) {
    const where = cell(row, '')
    where.append(stateOf(newest, addressOf(newest)))
    small(where, `${newest.status.toLowerCase()}, ${ago(newest.start_time)}`)
  } else {
    cell(row, '–')
  }
  cell(row, (found.total ?? found.runs?.length ?? 0).toLocaleString('en'), 'number')
  return row
}

async function refresh() {
  const note = element('note')
  try {
    const listed = await ask('experiments/search', {
      max_results: MOST, order_by: ['last_update_time DESC'], count: true,
    })
    const experiments = listed.experiments ?? []
    const rows = await Promise.all(experiments.map(async (experiment) => ({
      experiment,
      found: await ask('runs/search', {
        experiment_ids: [experiment.experiment_id], max_results: 1, columns: [], count: true,
      }),
    })))
    const total = listed.total ?? experiments.length
    element('experiments').tBodies[0].replaceChildren(...rows.map(rowOf))
    element('experiments').hidden = rows.length === 0
    element('count').textContent = total === 1 ? '1 experiment' : `${total.toLocaleString('en')} experiments`
    const runs = rows.reduce((sum, { found }) => sum + (found.total ?? 0), 0)
    note.hidden = runs > 0 && total <= rows.length
    note.textContent = runs === 0
      ? 'No runs yet. Copy the script, run it, and watch this list.'
      : `The ${rows.length} that changed last.`
  } catch (problem) {
    note.hidden = false
    note.textContent = `The list cannot be loaded: ${problem.message}`
  }
}

function start() {
  element('uri').textContent = new URL('.', location.href).href.replace(/\/$/, '')
  element('copy').addEventListener('click', async () => {
    const button = element('copy')
    try {
      await navigator.clipboard.writeText(element('code').textContent)
      button.textContent = 'Copied'
    } catch {
      getSelection().selectAllChildren(element('code'))
      button.textContent = 'Selected: press Ctrl C'
    }
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  })
  const look = () => {
    if (document.hidden) return
    refresh()
    showChosen()
  }
  look()
  setInterval(look, EVERY)
  document.addEventListener('visibilitychange', look)
  addEventListener('hashchange', showChosen)
}

start()
