// The page of the API, drawn from the server's own OpenAPI document.
'use strict'

let description

function make(name, text, kind) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  if (kind) made.className = kind
  return made
}

const resolve = (schema) =>
  schema?.$ref ? description.components.schemas[schema.$ref.split('/').pop()] : schema ?? {}

function kindOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').pop()
  if (schema.anyOf) return schema.anyOf.map(kindOf).filter((kind) => kind !== 'null').join(' or ')
  if (schema.type === 'array') return `list of ${kindOf(schema.items ?? {})}`
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.type === 'object' && schema.additionalProperties) return 'map'
  return schema.type ?? 'any'
}

function fieldsTable(schema, seen = new Set(), table = make('table'), path = '') {
  const shape = resolve(schema)
  for (const [name, field] of Object.entries(shape.properties ?? {})) {
    const row = table.insertRow()
    row.insertCell().append(make('code', path + name))
    row.insertCell().append(make('span', kindOf(field), 'kind'))
    const facts = []
    if (shape.required?.includes(name)) facts.push('required')
    if (field.default !== undefined && field.default !== null && !Array.isArray(field.default)) {
      if (field.default !== '') facts.push(`default ${JSON.stringify(field.default)}`)
    }
    row.insertCell().textContent = facts.join(', ')
    const inner = [field, ...(field.anyOf ?? [])].map((part) => part.items ?? part).find((part) => part.$ref)
    if (inner && !seen.has(inner.$ref)) {
      const many = [field, ...(field.anyOf ?? [])].some((part) => part.type === 'array')
      fieldsTable(inner, new Set([...seen, inner.$ref]), table, `${path}${name}${many ? '[]' : ''}.`)
    }
  }
  return table
}

function sample(schema, depth = 0) {
  const shape = resolve(schema)
  if (shape.anyOf) return sample(shape.anyOf[0], depth)
  if (shape.type === 'array') return depth > 2 ? [] : [sample(shape.items, depth + 1)]
  if (shape.type === 'integer') return 0
  if (shape.type === 'number') return 0.5
  if (shape.type === 'boolean') return false
  if (shape.type === 'object') {
    const wanted = Object.entries(shape.properties ?? {})
      .filter(([name, field]) => shape.required?.includes(name) || field.type === 'array' || name === 'run_id')
    return Object.fromEntries(wanted.map(([name, field]) => [name, sample(field, depth + 1)]))
  }
  return 'text'
}

function curl(method, path, operation) {
  const url = new URL(`.${path}`, new URL('.', location.href)).href
  if (method === 'GET') {
    const needed = operation.parameters.filter((one) => one.required || one.name === 'run_id')
    const query = needed.map((one) => `${one.name}=…`).join('&')
    return `curl '${url}${query ? `?${query}` : ''}'`
  }
  const body = JSON.stringify(sample(operation.requestBody.content['application/json'].schema))
  return `curl -X ${method} '${url}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`
}

function endpoint(method, path, operation) {
  const details = make('details')
  details.id = operation.operationId
  details.dataset.words = `${method} ${path} ${operation.summary}`.toLowerCase()
  const summary = make('summary')
  summary.append(make('span', method, `method ${method}`), make('code', path), make('span', operation.summary, 'what'))
  details.append(summary)
  details.addEventListener('toggle', () => {
    if (details.open) history.replaceState(null, '', `#${details.id}`)
    if (!details.open || details.children.length > 1) return
    const body = make('div')
    if (operation.description) body.append(make('p', operation.description))
    const asked = operation.requestBody?.content['application/json'].schema
      ?? { properties: Object.fromEntries(operation.parameters.map((one) => [one.name, one.schema])),
           required: operation.parameters.filter((one) => one.required).map((one) => one.name) }
    const question = fieldsTable(asked)
    body.append(make('h3', asked.$ref || operation.requestBody ? 'Body' : 'Query'))
    body.append(question.rows.length ? question : make('p', 'Nothing.'))
    const answer = fieldsTable(operation.responses[200].content['application/json'].schema)
    body.append(make('h3', 'Answer'), answer.rows.length ? answer : make('p', 'An empty object.'))
    const needs = operation['x-permission']
    body.append(make('h3', 'Who may'), make('p', needs.field
      ? `Whoever may ${needs.action} the ${needs.noun} named by ${needs.field}.` : `Permission: ${needs.action}.`))
    body.append(make('h3', 'From a terminal'), Object.assign(make('pre', curl(method, path, operation)), { tabIndex: 0 }))
    details.append(body)
  })
  return details
}

function search() {
  const words = document.getElementById('search').value.toLowerCase().split(/\s+/)
  for (const section of document.querySelectorAll('#endpoints section')) {
    let shown = 0
    for (const details of section.querySelectorAll('details')) {
      details.hidden = !words.every((word) => details.dataset.words.includes(word))
      shown += !details.hidden
    }
    section.hidden = shown === 0
  }
}

// An address such as docs#post-runs-log-batch opens that endpoint.
function follow() {
  const target = document.getElementById(location.hash.slice(1))
  if (target?.tagName === 'DETAILS') target.open = true
  target?.scrollIntoView()
}

async function start() {
  const about = document.getElementById('about')
  try {
    description = await (await fetch('openapi.json')).json()
  } catch (problem) {
    about.textContent = `The description cannot be loaded: ${problem.message}`
    return
  }
  about.textContent = description.info.description.replaceAll('`', '').replaceAll('* ', '• ')
  const sections = new Map()
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const noun = operation.tags[0]
      if (!sections.has(noun)) {
        const section = make('section')
        section.id = noun
        section.append(make('h2', noun))
        sections.set(noun, section)
      }
      sections.get(noun).append(endpoint(method.toUpperCase(), path, operation))
    }
  }
  for (const [noun, section] of [...sections].sort()) {
    const link = make('a', noun)
    link.href = `#${noun}`
    document.getElementById('nouns').append(link)
    document.getElementById('endpoints').append(section)
  }
  document.getElementById('search').addEventListener('input', search)
  follow()
  addEventListener('hashchange', follow)
}

start()
