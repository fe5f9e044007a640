// What the address names, as scripts print it: one run, or the newest runs of one experiment.
'use strict'

const NEWEST = 25

function lineOf(table, texts, ...more) {
  const row = table.insertRow()
  for (const text of texts) cell(row, text)
  row.append(...more)
  return row
}

function tableOf(title, heads, lines) {
  const part = document.createElement('div')
  const heading = document.createElement('h3')
  heading.textContent = title
  part.append(heading)
  if (lines.length === 0) {
    const none = document.createElement('p')
    none.textContent = 'none'
    part.append(none)
    return part
  }
  const table = document.createElement('table')
  const head = table.createTHead().insertRow()
  for (const text of heads) {
    const made = document.createElement('th')
    made.textContent = text
    head.append(made)
  }
  const body = table.createTBody()
  for (const texts of lines) lineOf(body, texts)
  part.append(table)
  return part
}

function stateOf(info, address) {
  const state = document.createElement(address ? 'a' : 'span')
  state.className = `state ${info.status}`
  state.textContent = info.run_name || info.run_id
  if (address) state.href = address
  return state
}

function addressOf(info) {
  return `#/experiments/${info.experiment_id}/runs/${info.run_id}`
}

function lasted(info) {
  if (!info.end_time) return ''
  const milliseconds = Math.max(0, info.end_time - info.start_time)
  const steps = [[1000, 1, 'ms', 0], [120e3, 1000, 's', 1], [7200e3, 60e3, 'minutes', 0], [Infinity, 3600e3, 'hours', 1]]
  const [, unit, name, digits] = steps.find(([limit]) => milliseconds < limit)
  return `, ran for ${(milliseconds / unit).toFixed(digits)} ${name}`
}

function shown(value) {
  return typeof value === 'number' ? String(Number(value.toPrecision(8))) : String(value)
}

async function showRun(runId) {
  const { run: { info, data } } = await ask(`runs/get?run_id=${encodeURIComponent(runId)}`)
  const byKey = (one, other) => one.key.localeCompare(other.key, 'en', { numeric: true })
  const tags = (data.tags ?? []).filter(({ key }) => key !== 'mlflow.runName').sort(byKey)
  const parts = document.createElement('div')
  parts.className = 'parts'
  parts.append(
    tableOf('Metrics', ['Name', 'Last', 'Step'], (data.metrics ?? []).sort(byKey)
      .map(({ key, value, step }) => [key, shown(value), Number(step ?? 0).toLocaleString('en')])),
    tableOf('Params', ['Name', 'Value'], (data.params ?? []).sort(byKey).map(({ key, value }) => [key, value])),
    tableOf('Tags', ['Name', 'Value'], tags.map(({ key, value }) => [key, value])),
  )
  const about = `${info.status.toLowerCase()}, started ${ago(info.start_time)}${lasted(info)}; id ${info.run_id}`
  return { title: stateOf(info), about, parts: [parts] }
}

async function showExperiment(id) {
  const { experiment } = await ask(`experiments/get?experiment_id=${encodeURIComponent(id)}`)
  const found = await ask('runs/search', { experiment_ids: [id], max_results: NEWEST, columns: [], count: true })
  const runs = found.runs ?? []
  const table = document.createElement('table')
  for (const { info } of runs) {
    const row = table.insertRow()
    cell(row, '').append(stateOf(info, addressOf(info)))
    cell(row, `${info.status.toLowerCase()}, ${ago(info.start_time)}${lasted(info)}`, 'kind')
  }
  const title = document.createElement('span')
  title.textContent = experiment.name
  const total = found.total ?? runs.length
  const newest = total > runs.length ? `, the newest ${runs.length} here` : ''
  return { title, about: `id ${id}; ${total.toLocaleString('en')} ${total === 1 ? 'run' : 'runs'}${newest}`, parts: [table] }
}

async function showChosen() {
  const [, experiment, run] = location.hash.match(/^#\/experiments\/(\d+)(?:\/runs\/([\w-]+))?/) ?? []
  const card = element('chosen')
  element('welcome').hidden = experiment !== undefined
  card.hidden = experiment === undefined
  if (card.hidden) return
  const address = location.hash
  try {
    const { title, about, parts } = await (run ? showRun(run) : showExperiment(experiment))
    if (location.hash !== address) return
    element('chosen-title').replaceChildren(title)
    element('chosen-about').textContent = about
    element('chosen-parts').replaceChildren(...parts)
  } catch (problem) {
    element('chosen-title').textContent = run ? 'Run' : 'Experiment'
    element('chosen-about').textContent = problem.message
    element('chosen-parts').replaceChildren()
  }
}
