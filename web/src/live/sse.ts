/** Reads server-sent events out of the pieces in which a stream arrives (WHATWG HTML §9.2.6). Pure. */

export interface Sent {
  id?: string;
  event?: string;
  data: string;
}

/** A reader keeps what is not whole yet; each piece of text gives the events that it completes. Comments keep the line alive and say nothing. */
export function reader(): (piece: string) => Sent[] {
  let kept = '';
  return (piece) => {
    const blocks = (kept + piece).split('\n\n');
    kept = blocks.pop() ?? '';
    return blocks.map(read).filter((sent) => sent !== null);
  };
}

function read(block: string): Sent | null {
  const sent: Sent = { data: '' };
  let said = false;
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      sent.data += said ? `\n${value}` : value;
      said = true;
    } else if (field === 'id' || field === 'event') {
      sent[field] = value;
    }
  }
  return said ? sent : null;
}
