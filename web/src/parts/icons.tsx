/** The few pictures that say it better than a word; fonts have them not everywhere. All stand beside a word or have a label around them. */

const Icon = ({ path }: { path: string }) => (
  <svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
    <path d={path} />
  </svg>
);

export const Play = () => <Icon path="M4 2.5v11l9-5.5z" />;
export const Pause = () => <Icon path="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z" />;
export const Loud = () => <Icon path="M2 5.5h3L9 2v12L5 10.5H2zM11 5a4 4 0 0 1 0 6zM11 2a7 7 0 0 1 0 12v-1.4a5.6 5.6 0 0 0 0-9.2z" />;
export const Mute = () => <Icon path="M2 5.5h3L9 2v12L5 10.5H2zM10.5 6l1-1 1.5 1.5L14.5 5l1 1L14 7.5 15.5 9l-1 1L13 8.5 11.5 10l-1-1L12 7.5z" />;
