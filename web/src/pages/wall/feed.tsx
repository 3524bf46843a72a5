/** What happened just now, newest first. */

import { clock } from '../../format';
import { feed } from '../../live/house';
import { eventDetails, eventName } from '../../words/events';
import { wall } from '../../words/wall';

export function Feed() {
  const t = wall();
  return (
    <section class="panel feed" aria-labelledby="feed">
      <h2 id="feed">{t.feed}</h2>
      {feed.value.length === 0 && <p class="empty">{t.none.feed}</p>}
      <ol>
        {feed.value.map((event) => (
          <li key={event.seq}>
            <time>{clock(event.at)}</time>
            <span>{eventName(event.name)}</span>
            <span class="soft">{eventDetails(event)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
