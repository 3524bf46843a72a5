//! Every bound of the program, its reason, and what happens when it is reached.

use std::time::Duration;

/// Largest SIP message taken, in bytes. RFC 3261 §18.1.1 wants 65,535 over UDP. Longer: 513 where an answer is possible, else a
/// counted drop; a stream that announces more is closed.
pub const SIP_MESSAGE_MAX: usize = 65_535;
/// Request URI, in bytes; a number and a dozen parameters need 200. Longer: 414.
pub const SIP_URI_MAX: usize = 8_192;
/// Parameters of one URI, and fields of one Authorization; a phone sends 10. They are compared each with each, so that thousands would
/// cost seconds. More: 400, or no credentials.
pub const SIP_PARAMS_MAX: usize = 64;
/// Header fields in one message. A phone sends about 20, a carrier through five proxies about 60. More: 400.
pub const SIP_HEADERS_MAX: usize = 256;
/// Bytes of the metadata of a recording session; a conference of ten has six thousand. More: 400.
pub const METADATA_MAX: usize = 32 * 1024;
/// Parties of a call of others that are on its record. More: left out.
pub const EXTERNAL_PARTIES_MAX: usize = 64;
/// Recording sessions of others whose names are remembered, so that one that goes on after a break is known. More: the oldest is forgotten.
pub const SESSIONS_REMEMBERED: usize = 500;
/// Media lines in one session description. A conference client offers about ten. More: 488.
pub const SDP_MEDIA_MAX: usize = 32;
/// Contacts bound to one agent. One more: 403 with a reason.
pub const CONTACTS_PER_AGENT_MAX: usize = 5;
/// Transactions alive at once: 32 s of 1,500 calls a second, seven each. More: new requests get 503 with Retry-After.
pub const TRANSACTIONS_MAX: usize = 400_000;
/// Legs alive at once. More: 503 with Retry-After.
pub const LEGS_MAX: usize = 20_000;
/// Transactions of one leg that its image keeps besides those it waits for: a call has two to six in 32 s. More: the oldest are left out, and a
/// repeat that comes after a restart is answered as a new request.
pub const LEG_TRANSACTIONS_KEPT_MAX: usize = 16;
/// Proxies between us and a registered phone (Path, RFC 3327). More: 400.
pub const PATH_HOPS_MAX: usize = 8;
/// TCP connections open at once; 2 descriptors of the usual 1,024 are left for each of 400. More: the new one is closed and counted.
pub const TCP_CONNECTIONS_MAX: usize = 4_096;
/// Of these, connections that were taken and over which nobody has proven himself. More: the oldest of them is closed and counted, so that
/// a phone gets its turn while somebody opens connections for sport.
pub const TCP_STRANGERS_MAX: usize = 3_072;
/// A TCP connection that sent no whole message for this long, and has no binding or dialog, is closed.
pub const TCP_IDLE_MAX: Duration = Duration::from_secs(180);
/// Messages waiting for one TCP connection's peer to read: what a batch of the driver's (256 inputs) may have for the lamps and calls behind
/// one edge proxy, before the connection's writer has its turn. Full: the message is given up (`Unsent`) and counted.
pub const TCP_OUTBOX_MAX: usize = 4_096;
/// Calls that one queue holds. More: 486 to the newest caller.
pub const QUEUE_WAITING_MAX: usize = 10_000;
/// How long an agent is left in peace after an offer that failed and left him ready (busy, withdrawn, missed with
/// `after_missed = "ready"`): without it a phone that says 486 would be called hundreds of times a second.
pub const OFFER_REST: Duration = Duration::from_secs(5);
/// Grace beyond the ring limit after which the ACD itself gives an offer up, should its end never be told. No agent sticks.
pub const OFFER_GRACE: Duration = Duration::from_secs(5);
/// Agents remembered by a waiting call as having let it down, so that others are tried first. More: the oldest is forgotten.
pub const REFUSALS_REMEMBERED_MAX: usize = 8;
/// Phones that ring for one call at once. Each takes a pair of media ports and an INVITE of its own, and its agent is offered no other call
/// meanwhile. More: an error of `check`.
pub const RING_AT_ONCE_MAX: u32 = 50;
/// Skills that one number asks for besides its queue. More: an error of `check`.
pub const NUMBER_SKILLS_MAX: usize = 8;
/// Requirements of numbers that differ from each other: each makes a class of its own of every queue that it leads to, in which each agent
/// who fits has a place. More: an error of `check`.
pub const NUMBER_REQUIREMENTS_MAX: usize = 64;
/// Steps of widening of one queue. More: an error of `check`.
pub const WIDENING_STEPS_MAX: usize = 8;
/// Calls that wait for one preferred agent at a time: he takes one after the other. More: the newest does not wait for him.
pub const PREFERRED_WAITING_MAX: usize = 8;
/// Reasons for not being ready in a configuration. More are an error: nobody chooses from a longer list.
pub const REASONS_MAX: usize = 50;
/// Destinations of one overflow chain. More are an error.
pub const OVERFLOW_MAX: usize = 8;
/// Callers ahead of one who is told where he stands. More: he is told that there are at least so many.
pub const AHEAD_COUNTED_MAX: usize = 1_000;
/// Agents named in one decision. More are counted by verdict.
pub const DECISION_NAMES_MAX: usize = 16;
/// Decisions kept of one call, the newest: each takes the place of the one that is so many older.
pub const DECISIONS_PER_CALL_MAX: u32 = 32;
/// Pauses of a call's recording. More are refused.
pub const PAUSES_PER_CALL_MAX: usize = 64;
/// Keys of a call that are on its record. Later ones are obeyed and not noted.
pub const KEYS_PER_CALL_MAX: usize = 512;
/// Letters of a reason for not-ready as asked for by phone or API. More are cut off.
pub const REASON_LETTERS_MAX: usize = 64;
/// Longest a prompt of the switch is waited for before it counts as played: no call hangs on a lost report.
pub const CLIP_PLAYED_WITHIN: Duration = Duration::from_secs(30);
/// Recordings that are sought by phone at once. More: nothing is found, and whoever keyed the number is told to try again.
pub const NUMBERS_SOUGHT_MAX: usize = 32;
/// Longest the store may take to find one. Later: the same.
pub const NUMBER_FOUND_WITHIN: Duration = Duration::from_secs(4);
/// Longest the recorder may take to open a file; it is busy with one at a time. Later: the recording counts as missing until it opens.
pub const RECORDING_OPENS_WITHIN: Duration = Duration::from_secs(10);
/// Longest the recorder may take to finish a file: hours of audio are hashed at 100 MB/s or more. Later: missing until it is told.
pub const RECORDING_CLOSES_WITHIN: Duration = Duration::from_secs(120);
/// Longest that a held caller is promised: beyond five minutes he is better called back. More: refused.
pub const HOLD_PROMISE_MAX: Duration = Duration::from_secs(300);
/// Phones that are called at once for places in one call. More: refused.
pub const ERRANDS_PER_CALL_MAX: usize = 16;
/// Agents' parts written on one call's record. More are told in events, not written.
pub const SEGMENTS_PER_CALL_MAX: usize = 128;
/// Digits kept of one leg's dialling. More are counted and dropped.
pub const DIGITS_MAX: usize = 64;
/// Offers written on one call's record. More are counted, not written: a call that rang this often is a story of its own.
pub const OFFERS_PER_CALL_MAX: usize = 200;
/// Times in queues written on one call's record: nobody is led through more. More are neither written nor counted in the figures.
pub const VISITS_PER_CALL_MAX: usize = 64;
/// Longest after the connection that an agent's first words are waited for, as his greeting. What he says later is none.
pub const FIRST_WORDS_WITHIN: Duration = Duration::from_secs(10);
/// How often an agent is told of how he sounds, at most, and how often in one call. More: it is on the record, and not told.
pub const TOLD_OF_SOUND_EVERY: Duration = Duration::from_secs(60);
pub const TOLD_OF_SOUND_MAX: u32 = 3;
/// Scripts of service begun in one call. More: refused, with the reason.
pub const SCRIPTS_PER_CALL_MAX: usize = 50;
/// Menus that one caller comes to. More: he hears that nobody can be reached, and is released; who plays with keys for that long wants nothing.
pub const MENUS_PER_CALL_MAX: u32 = 100;
/// People who are to be called back, in all queues. More: it is offered to nobody, and who abandons a long wait is not listed.
pub const CALL_BACKS_MAX: usize = 10_000;
/// Digits of a number that a caller gives; E.164 has fifteen, and prefixes come before them. More: they are dropped.
pub const NUMBER_DIGITS_MAX: usize = 32;
/// Messages of one box. More: the oldest that was heard is forgotten; its sound stays in its call's recording. When none was heard, callers
/// are told that it is full, or go elsewhere.
pub const MESSAGES_PER_BOX_MAX: usize = 200;
/// Callers remembered as having been asked how they were served, and those of whom it is known who spoke with them: a day of a large house.
/// More: the oldest is forgotten, may be asked again, and has nobody whom he prefers.
pub const CALLERS_REMEMBERED_MAX: usize = 65_536;
/// Clips waiting to be played to one leg. More: the oldest that has not begun is dropped.
pub const CLIPS_QUEUED_MAX: usize = 32;
/// Datagrams and orders waiting for the switch's task. Full: datagrams are dropped and counted, retransmission heals them.
pub const SWITCH_INBOX_MAX: usize = 8_192;
/// Bytes of SIP waiting for the switch's task: 8,192 messages of 2 kB, a phone's has one. Full: datagrams are dropped and counted, streams
/// are not read on until there is room.
pub const SWITCH_INBOX_BYTES_MAX: usize = 16 << 20;
/// Orders waiting for one media worker. Full: the switch waits for it; a worker takes them every millisecond.
pub const MEDIA_COMMANDS_MAX: usize = 8_192;
/// Reports of one media worker that wait for room in the switch's inbox. Full: the newest are dropped and counted; every state that waits
/// for one has a deadline.
pub const MEDIA_REPORTS_MAX: usize = 65_536;
/// Chunks of recorded audio waiting for the recorder: 1,000 calls × 2 sides × 50 a second × 6.5 s, so that a disk which stands still for
/// five seconds costs nothing; 250 bytes each. Full: the gap is counted in the file, silence stands there and an alarm goes out; a packet
/// is never late for it.
pub const RECORD_CHUNKS_MAX: usize = 655_360;
/// Reports of the recorder that wait for room in the switch's inbox: two a call that can be up. Full: dropped, and the recording's own
/// deadline tells the switch.
pub const RECORDING_REPORTS_MAX: usize = 40_000;
/// Rows waiting for the journal, and as many between it and the database: 5 s of 1,500 calls a second with 30 rows each, so that a disk may
/// stall that long. 7/8 full: new calls get 503 with Retry-After, running ones go on. Full: a row is lost and counted.
pub const STORE_ROWS_MAX: usize = 262_144;
/// Bytes of one segment of the journal, a few seconds of the highest load. Full: the next one begins.
pub const JOURNAL_SEGMENT_MAX: u64 = 16 << 20;
/// Bytes of the journal: hours of a busy day while the database cannot be written. 7/8 full: new calls get 503 with Retry-After.
pub const JOURNAL_BYTES_MAX: u64 = 1 << 30;
/// Longest body of one frame of the journal. A longer one cannot be ours: what follows counts as damaged.
pub const JOURNAL_FRAME_MAX: usize = 64 << 20;
/// How long a row waits for others before the journal is written: a thread that is woken for each would take the processor from calls a
/// thousand times a second. A killed process loses no more of its rows than this.
pub const JOURNAL_WAIT: Duration = Duration::from_millis(1);
/// How often the journal is made safe from a power cut, on a thread of its own. A killed process loses nothing of what was written.
pub const JOURNAL_SYNC_EVERY: Duration = Duration::from_secs(1);
/// How long a change of the switch's state may go unwritten: what passes within it costs one image, and a crash takes back no more.
pub const CHECKPOINT_WITHIN: Duration = Duration::from_millis(20);
/// Agents whose contacts merely live longer and are written with one checkpoint, a thousand a second. The others wait for the next, the
/// longest unwritten first: a crash takes back their last refresh, not the contact.
pub const REFRESHES_KEPT_AT_ONCE: usize = 20;
/// Numbers of legs and sessions left out over a restart: more than could be given in [`CHECKPOINT_WITHIN`], and 64 bits have room for them.
pub const IDS_SKIPPED: u64 = 1 << 20;
/// After a restart the phones are asked whether they are still there, so many at a time and so far apart: 500 a second, so that the
/// answers and the calls of the day find room beside them.
pub const RECHECKS_AT_ONCE: usize = 5;
pub const RECHECK_EVERY: Duration = Duration::from_millis(10);
/// Events kept for consumers that come back with `Last-Event-ID`, about ten minutes at 100 a second. Older ones are in the database.
pub const EVENTS_KEPT_MAX: usize = 65_536;
/// Consumers of events at once. More: 503.
pub const EVENT_CONSUMERS_MAX: usize = 256;
/// Largest file of the configuration, in bytes; one of 5,000 agents has about 1 MB. Larger: an error of `check`.
pub const CONFIG_FILE_MAX: usize = 4 << 20;
/// Errors of a configuration that are told at once. More: their number is.
pub const CONFIG_ERRORS_MAX: usize = 200;
/// Largest prompt file, in bytes: 11 minutes at 48 kHz. Larger: an unreadable prompt, an error of `check`.
pub const PROMPT_FILE_MAX: usize = 64 << 20;
/// A queue's figures are told as events no oftener; what changes between is told with the last.
pub const FIGURES_TOLD_EVERY: Duration = Duration::from_secs(1);
/// How long before a report's time a call may have arrived of which something happens in it. What happens later in a longer call is not
/// in it.
pub const REPORT_LOOKS_BACK: Duration = Duration::from_secs(24 * 3_600);
/// Calls that one report looks through; a large house has as many in a month. More: 422, with the advice to ask for less time.
pub const REPORT_CALLS_MAX: usize = 500_000;
/// Intervals of agents that one report looks through. More: as above.
pub const REPORT_INTERVALS_MAX: usize = 2_000_000;
/// Rows of one report; each has some thirty figures. More: as above.
pub const REPORT_ROWS_MAX: usize = 10_000;
/// Time for which agents' shifts are reckoned in one report, a year with its leap day: each day has some three spans, and each of its half-hours
/// may be a row. Longer, and somebody has a shift: 400.
pub const REPORT_PLANNED_MAX: Duration = Duration::from_secs(366 * 86_400);
/// How long one report may take. Longer: 503.
pub const REPORT_TIME_MAX: Duration = Duration::from_secs(30);
/// Reports made at once: each has a connection to the database. More: 503 with Retry-After.
pub const REPORTS_AT_ONCE: usize = 2;
/// Largest body of an API request, in bytes. More: 413.
pub const API_BODY_MAX: usize = 1 << 20;
/// Rows in one page of a list of the API.
pub const API_PAGE_MAX: usize = 500;
/// Longest prompt or music clip, in seconds: ten minutes are 19 MB at 16 kHz, kept in memory once. Longer: an error of `check`.
pub const CLIP_SECONDS_MAX: u64 = 600;
/// How much of a recording that somebody listens to is read at a time, and so kept in memory twice: half a megabyte. The rest is read as he
/// comes to it.
pub const REPLAY_PART: Duration = Duration::from_secs(10);
/// Parts of recordings that wait to be read. More: what they are of ends for who listens, and he may listen again.
pub const REPLAY_PARTS_WAITING_MAX: usize = 1_024;
/// Legs of one media session, and so parties of a conference: as many as a word has bits to name a set of them. More: the allocation, or
/// the move into the session, fails.
pub const SESSION_LEGS_MAX: usize = 64;
/// Questions that wait for the switch's answer. More: 503.
pub const DESK_QUESTIONS_MAX: usize = 256;
/// How long a request waits for the switch's answer; the switch takes each input within milliseconds. Longer: 504.
pub const DESK_PATIENCE: Duration = Duration::from_secs(5);
/// Rows written in one transaction of the database; with 5 µs a row about 40 ms. More: the next transaction.
pub const STORE_BATCH_MAX: usize = 8_192;
/// How long a row waits for others before its transaction begins, so that of a call that changes often only its last record is written. The
/// journal has it meanwhile, and whoever asks for it ends the wait.
pub const STORE_BATCH_WAIT: Duration = Duration::from_millis(500);
/// Connections of the HTTP server; event consumers are among them. More: they wait in the kernel's backlog.
pub const HTTP_CONNECTIONS_MAX: usize = 1_024;
/// HTTP connections of one address, loopback apart, where a proxy may stand. More: the new one is closed at once.
pub const HTTP_CONNECTIONS_PER_ADDRESS_MAX: usize = 256;
/// An HTTP connection over which for this long nothing could be written, because no request came whole or the peer does not read, is
/// closed. Event streams say something each 15 s.
pub const HTTP_SILENCE_MAX: Duration = Duration::from_secs(30);
/// Released calls whose ids the metrics remember, so that a record that comes again (its recording was hashed) is not counted twice.
pub const RELEASED_REMEMBERED_MAX: usize = 16_384;
/// Dialogs of one branch of a call out, when a proxy behind it forks: early ones, and those that a 2xx made. More: their ringing is not heard,
/// their 2xx gets no ACK.
pub const FORKED_DIALOGS_MAX: usize = 16;
/// A call out that has no final response for this long is cancelled (as RFC 3261 §16.6's Timer C would have it).
pub const INVITE_OUT_MAX: Duration = Duration::from_secs(180);
/// A call in that the switch does not answer for this long gets 480: longer than any ringing it allows.
pub const INVITE_IN_MAX: Duration = Duration::from_secs(600);
/// An offer in a re-INVITE or UPDATE that the switch does not answer for this long gets 500; UPDATE must be answered in 32 s.
pub const REOFFER_MAX: Duration = Duration::from_secs(20);
/// A re-INVITE of ours that has no final response for this long counts as unanswered.
pub const REINVITE_MAX: Duration = Duration::from_secs(60);
/// Referrals of one leg whose referrers are told how they go: an agent transfers one call once. More: 603.
pub const REFERRALS_PER_LEG_MAX: usize = 4;
/// How long a referrer is told how it goes, unless he asks for longer: longer than any ringing. Later: he is told that nobody will tell him.
pub const REFERRAL_NEWS_MAX: Duration = Duration::from_secs(300);
/// Subscriptions to one agent's messages, a phone's each. One more: 403 with a reason.
pub const WATCHES_PER_AGENT_MAX: usize = 5;
/// Subscriptions of one agent's phones to colleagues, a lamp's each: three large consoles. One more: 403 with a reason.
pub const LAMPS_PER_AGENT_MAX: usize = 500;
/// Bytes of the text of one MESSAGE. More: 413.
pub const TEXT_BYTES_MAX: usize = 1_300;
/// A MESSAGE on its way to a phone over UDP, whole (RFC 3428 §8). Larger: it goes to phones over TCP alone, or is refused with 513.
pub const TEXT_UDP_MAX: usize = 1_300;
/// MESSAGEs of one agent that wait for phones at once. More: 503 with Retry-After.
pub const TEXTS_OF_AGENT_MAX: usize = 16;
/// How long the phones of who is written to have for an answer, before the sender gives up himself (32 s). Later: 480.
pub const TEXT_PATIENCE: Duration = Duration::from_secs(20);
/// Times that a call is sent on, by phones of the house and before it came. More: it is not, and of a carrier's the oldest are kept.
pub const DIVERSIONS_MAX: usize = 5;
/// Places that one 302 of a phone names. More are not looked at.
pub const MOVED_TO_MAX: usize = 4;
/// Dialogs of one agent that colleagues are told of. More are left out: a lamp is lit by the first.
pub const DIALOGS_TOLD_MAX: usize = 8;
/// Subscriptions of the whole house. One more: 503 with Retry-After.
pub const LAMPS_MAX: usize = 50_000;
/// Changes of what a phone watches are told no oftener; those between are told with the last (RFC 3842 §3.10).
pub const LAMP_NEWS_EVERY: Duration = Duration::from_secs(1);
/// REGISTERs of one try to register with a carrier: one unproven, one for its challenge, one for what it wants otherwise. More: a failure.
pub const REGISTER_TRIES_MAX: u8 = 4;
/// Longest wait before a carrier that does not register us is asked again (RFC 5626 §4.5's max-time).
pub const REGISTER_BACKOFF_MAX: Duration = Duration::from_secs(1_800);
/// A carrier's host that does not answer OPTIONS for this long is not there, this time. An answer that comes later is not heard.
pub const PING_ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// Scorecards, older versions included. More are refused with the configuration.
pub const SCORECARDS_MAX: usize = 100;
/// Items of a scorecard: a page is scrolled, not leafed through. More are refused with the configuration.
pub const SCORECARD_ITEMS_MAX: usize = 100;
/// Calls that a sampling plan may ask for of each agent, each time.
pub const SAMPLED_PER_AGENT_MAX: u32 = 50;
/// Calls of a week or a day among which lots are drawn: the latest. Older ones are not drawn when there are more.
pub const SAMPLED_CALLS_MAX: usize = 20_000;
/// Calls to be scored that are looked through for a queue of work, or for what was drawn before: the latest.
pub const TASKS_MAX: usize = 20_000;
/// Scores that are added up at once. More: the question is refused.
pub const SCORES_ADDED_MAX: usize = 50_000;
/// A nonce is good for this long; later it is stale, and the phone answers the new one without asking its owner.
pub const NONCE_AGE_MAX: Duration = Duration::from_secs(300);
/// Nonces whose counts are remembered. More: the oldest become stale early.
pub const NONCES_MAX: usize = 65_536;
/// Sources of SIP that have not proven themselves and are remembered: their wrong answers and their buckets. More: the one that was not
/// heard of for longest is forgotten; those that are blocked are not among them.
pub const GUARD_SOURCES_MAX: usize = 16_384;
/// Sources blocked at once. More: the one whose time ends soonest is released early.
pub const GUARD_BLOCKED_MAX: usize = 4_096;
/// Addresses, and ports, remembered as having given a right answer. More: the oldest counts as a stranger again.
pub const GUARD_PROVEN_MAX: usize = 65_536;
/// Letters of an account's name by which its guesses are told apart.
pub const GUARD_USER_LETTERS_MAX: usize = 64;
/// People signed in at once: a house of 5,000 with a browser and a wall each. More: the session that was not used for longest ends.
pub const SESSIONS_MAX: usize = 16_384;
/// Sessions of one user: his browsers. More: as above, among his own.
pub const SESSIONS_PER_USER_MAX: usize = 16;
/// A session's last use is written down when it is this much later than what was: a request is no write, and a restart takes a session for
/// idle since ten minutes too early at most.
pub const SESSION_WRITTEN_EVERY: Duration = Duration::from_secs(600);
/// A start waits this long for the sessions it is to go on with. Longer: everybody signs in again.
pub const SESSIONS_PATIENCE: Duration = Duration::from_secs(2);
/// Users and addresses whose wrong passwords are counted. More: the one that was wrong longest ago is forgotten, and begins anew.
pub const SIGN_INS_REMEMBERED_MAX: usize = 16_384;
/// Passwords looked at at once: each takes 19 MB and a core for some 20 ms. More: they wait.
pub const PASSWORDS_AT_ONCE: usize = 2;
/// How long a sign-in waits for its turn to be looked at. Longer: 503.
pub const SIGN_IN_PATIENCE: Duration = Duration::from_secs(10);
/// Letters of a password that `hash-password` takes (NIST SP 800-63B §5.1.1.1). Fewer: it is refused.
pub const PASSWORD_LETTERS_MIN: usize = 8;
/// Bytes of a password. More: it is a wrong one.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Views and plays of the last ten minutes that are in the audit log already. More: the oldest is forgotten, and is noted again when it goes on.
pub const VIEWS_REMEMBERED_MAX: usize = 16_384;
/// Messages on their way to the thread that writes the SIP of calls: some seconds of the busiest switch. More: dropped, and counted.
pub const TRACE_INBOX_MAX: usize = 16_384;
/// Call-IDs whose call is remembered while their SIP is written: twice the calls that a switch bears. More: the oldest are forgotten, and the
/// rest of their SIP is not written.
pub const TRACE_DIALOGS_MAX: usize = 65_536;
/// Messages of one Call-ID that are held until it is known whose they are: an INVITE, its repetitions and their answers. More: not written.
pub const TRACE_HELD_MAX: usize = 32;
/// Bytes of SIP that are kept of one call: some five thousand messages. More: not written.
pub const TRACE_PAGE_MAX: u64 = 4 * 1024 * 1024;
/// Notes on one call. More: 409.
pub const NOTES_PER_CALL_MAX: usize = 200;
/// Searches that are kept, of all users. More: 409.
pub const SEARCHES_MAX: usize = 1_000;
/// Words that a search looks for in notes at once: each is a walk through all notes.
pub const SEARCH_WORDS_MAX: usize = 8;
/// Rows of an export: a quarter of what a large house has in a month. More: they are left out, the oldest.
pub const EXPORT_ROWS_MAX: usize = 100_000;
/// Recordings looked through at once to be drawn: an hour of sound takes a core for half a second. More: 503.
pub const OUTLINES_AT_ONCE: usize = 4;
/// Parts of a leg's life of which the quality is kept, a minute each at first. More: two and two become one, twice as long, so that ten hours of
/// a call have 38 parts of 16 minutes; each knows its worst minute.
pub const QUALITY_PARTS_MAX: usize = 60;
/// How long the record of a call that is over waits for what the media plane counted at its end. Longer: it is kept without.
pub const QUALITY_TOLD_WITHIN: Duration = Duration::from_secs(2);
