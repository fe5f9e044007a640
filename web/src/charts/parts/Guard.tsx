import { Component, type ComponentChildren } from 'preact'
import { State } from './State'

/** Where a chart that fails ends, so that the others stay; another `token` tries it again. */
export class Guard extends Component<
  { height: number; token: unknown; children: ComponentChildren },
  { error: unknown; token: unknown }
> {
  override state = { error: null as unknown, token: null as unknown }

  override componentDidCatch(error: unknown) {
    this.setState({ error, token: this.props.token })
  }

  override render() {
    const { error, token } = this.state
    if (error === null || token !== this.props.token) return this.props.children
    return <State height={this.props.height} error={error} />
  }
}
