import { Component, type ComponentChildren } from 'preact'
import { sentence } from '../api/errors'
import { Button } from '../ui/Button'
import { Empty } from '../ui/Notes'

/** Where a page that fails ends, so that the rest stays usable. */
export class Boundary extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null as unknown }

  static override getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    return (
      <Empty title="This page failed">
        <p role="alert">{sentence(error)}</p>
        <p>Loading it again may help, for instance when the server was just updated.</p>
        <Button kind="primary" onClick={() => window.location.reload()}>
          Load again
        </Button>
      </Empty>
    )
  }
}
