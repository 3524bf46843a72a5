import { expect, test } from 'vitest';
import { reader } from './sse';

test('events are whole wherever the stream is cut', () => {
  const stream = 'id: 7\nevent: call.held\ndata: {"seq":7}\n\n:still here\n\ndata: a\ndata: b\n\n';
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const read = reader();
    expect([...read(stream.slice(0, cut)), ...read(stream.slice(cut))]).toEqual([
      { id: '7', event: 'call.held', data: '{"seq":7}' },
      { data: 'a\nb' },
    ]);
  }
});
