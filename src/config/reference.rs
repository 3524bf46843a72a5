//! What each key of the configuration means and what stands when it is not given: the reference in `docs/`, made from here and from the parser's
//! own table (`raw`), so that neither says what the other does not know. Its tests take each default literally.

mod chinese;

use super::raw::{KINDS, TABLES};

/// A table: what it is for.
struct About {
    path: &'static str,
    about: &'static str,
}

/// A key: what it means. `default` is as it would be written, or words in parentheses; `""`: it must be given.
struct Entry {
    table: &'static str,
    key: &'static str,
    default: &'static str,
    meaning: &'static str,
}

macro_rules! reference {
    ($([$path:literal] $about:literal { $($key:literal = $default:literal: $meaning:literal;)* })*) => {
        const ABOUT: &[About] = &[$(About { path: $path, about: $about }),*];
        const ENTRIES: &[Entry] = &[$($(Entry { table: $path, key: $key, default: $default, meaning: $meaning }),*),*];
    };
}

reference! {
    ["switch"] "The switch itself." {
        "name" = r#""sanling""#: "As logs, metrics and pages call it.";
        "domain" = "": "SIP domain and digest realm: what phones put after the @. The hashes of passwords depend on it.";
        "language" = r#""zh-CN""#: "Folder of `prompts/` whose voices are heard.";
        "drain" = r#""30s""#: "On SIGTERM running calls get this long to end.";
    }
    ["sip"] "Signalling." {
        "listen" = "": "Where it listens: `udp:ADDRESS:PORT`, `tcp:ADDRESS:PORT` or `tls:ADDRESS:PORT`. An IPv6 address stands in brackets; `0.0.0.0` is every IPv4 address of the machine, `[::]` every IPv6 one, and who wants both gives both.";
        "session_expires" = r#""30m""#: "RFC 4028: how often the parties of a call are asked whether they are still there.";
        "min_session_expires" = r#""90s""#: "Phones that ask for less are refused with 422.";
        "registration_min" = r#""60s""#: "A phone that registers for less is refused with 423.";
        "registration_max" = r#""1h""#: "One that asks for more gets this.";
        "registration_default" = r#""10m""#: "One that asks for nothing gets this.";
        "forwarding" = r#""off""#: "Calls that a phone sends on (302): `off` refuses them, `house` follows to extensions and message boxes, `routes` to every number that its agent may dial. A queue's caller is not sent on.";
        "service_route" = "[]": "RFC 3608: the proxies by which phones that register through an edge proxy (Path, RFC 3327) are to send their requests, the nearest first.";
        "dns" = "[]": "Name servers for the names of trunk hosts; none given, those of the system (`/etc/resolv.conf`).";
    }
    ["tls"] "With what it listens over TLS (1.2 and 1.3). `sanling reload` reads the files anew; connections that are open stay." {
        "certificate" = "(none)": "PEM, relative to the configuration's folder: the switch's own first, then those that lead to its authority.";
        "key" = "(none)": "Its private key, PEM without a password; readable by the service, and by nobody else.";
        "phone_ca" = "(none)": "PEM: who has signed the certificates of phones. Where it is given, a phone whose Contact says `transport=tls` or `sips:` and has no open connection is called by one that the switch opens, and its certificate must have the host of the Contact, name or address. Not given, over TLS phones are called by their own connections alone.";
    }
    ["sip.guard"] "What a source may do before it has proven itself." {
        "enabled" = "true": "Whether sources are watched.";
        "failures" = "10": "So many wrong passwords within `window` block their source.";
        "window" = r#""60s""#: "Of the wrong passwords.";
        "block" = r#""5m""#: "How long, the first time; twice as long each further time.";
        "block_max" = r#""2h""#: "Up to this.";
        "invites" = "20": "New calls a second; more are dropped. Twice as many may come at once.";
        "requests" = "100": "Other requests, and rubbish, a second.";
        "connections" = "64": "TCP connections of one address over which nobody has proven himself.";
        "shared" = "[]": "Networks whose addresses many phones share: never refused as a whole.";
    }
    ["media"] "Voice." {
        "ports" = r#""20000-29999""#: "RTP on even ports, RTCP on the next odd one or muxed. A call takes four.";
        "codecs" = r#"["pcma", "pcmu", "g722", "opus"]"#: "In order of preference. For agents and trunks that have no list of their own. A caller is answered with the first that he offers; who is called is offered the caller's own first, and a caller who is not answered yet gets the codec of who answers, so that nothing is transcoded where both have one. Calls of g722 and opus are wideband, mixed and recorded at 16 kHz.";
        "rtp_timeout" = r#""30s""#: "A leg that is not held and sends nothing for this long releases its call.";
        "workers" = "(one a core)": "Media threads.";
        "srtp" = r#""off""#: "Whether sound is encrypted (SRTP, keyed by SDES), where agent or trunk say nothing: `off`; `optional`, where the other side can; `required`, or the call is refused with 488.";
        "srtp_suites" = r#"["AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"]"#: "By which, in order of preference.";
    }
    ["http"] "Pages, API, metrics." {
        "listen" = r#""127.0.0.1:8080""#: "Address and port.";
        "tls" = "false": "Over TLS alone, with the certificate of [tls]: https://. Passwords and recordings travel here: turn it on wherever another computer looks in.";
    }
    ["storage"] "Folders." {
        "data" = r#""data""#: "The embedded database and the state that a restart goes on from.";
        "recordings" = r#""recordings""#: "One folder a day: `2026/11/21/CALL-ID.wav`.";
    }
    ["storage.retention"] "What may be removed, and when. A recording on legal hold stays in any case." {
        "recordings" = r#""ever""#: "Days after a call's end, oldest first.";
        "records" = r#""ever""#: "Records and events of calls whose recording is gone or never was, and agents' intervals.";
        "signalling" = r#""30d""#: "Every SIP message of a call: `data/sip/2026/11/21/CALL-ID.sip`.";
        "free_space" = r#""1GB""#: "A size, a share (`5%`), or `off`: below it the oldest complete recordings go, however young.";
    }
    ["agent"] "A person with a phone." {
        "id" = "": "Extension and SIP user name, digits only.";
        "name" = "(the id)": "As pages show it.";
        "password" = "(or the hashes)": "Of the phone.";
        "ha1_sha256" = "(of the password)": "SHA-256 of `ID:DOMAIN:PASSWORD`, so that no password stands here.";
        "ha1_md5" = "(of the password)": "The same with MD5, for older phones.";
        "team" = "(none)": "Whom reports count him with, and who may be added to a queue as a group.";
        "skills" = "{}": "Each from 1 (beginner) to 9 (expert).";
        "rank" = "(last)": "For queues that go top-down: 1 is taken first.";
        "weight" = "1": "For queues that draw by weight: 2 is drawn twice as often as 1.";
        "caller" = "(his queue's, or the trunk's)": "The number that he shows in calls out.";
        "superior" = "(none)": "Another agent's id: to whom calls and messages are handed up.";
        "shift" = "(none)": "A calendar's id: its hours are when he is to work, and what lies between two of a day is a break. For his adherence in the reports.";
        "role" = r#""agent""#: "`agent` or `supervisor`.";
        "login" = r#""on-register""#: "`on-register`: registering logs in and makes ready; `manual`: by feature code or API.";
        "auto_answer" = r#""off""#: "His phone is asked to answer by itself what his queues give him: `answer-mode` (RFC 5373), `call-info`, `alert-info`, or `all` of them. A colleague's call rings.";
        "greeting" = "(his number is said)": "The prompt that says his name to callers.";
        "codecs" = "(those of [media])": "For his phone, in order of preference. The other party's codec goes before it where both lists have it, so that nothing is transcoded.";
        "srtp" = "(that of [media])": "Whether the sound of his phone is encrypted: `off`, `optional` or `required`. Keys travel in SIP: have it register over TLS.";
    }
    ["user"] "Somebody who signs in to the pages. Who may what by his role: roles.md." {
        "id" = "": "As he signs in: letters, digits, `-` and `_`.";
        "name" = "(the id)": "As pages show it.";
        "role" = "": "`agent`, `supervisor`, `qa`, `operator` or `admin`.";
        "password" = "": "Its argon2id hash, as `sanling hash-password` prints it. In plain only the shipped `demo-ID`, with which the switch listens on loopback alone.";
        "agent" = "(none; of the role agent it must be given)": "An agent's id: whose phone is his. Of the role `agent`: whose calls and results he sees.";
        "language" = "(his browser's)": "Of his pages: `zh` or `en`.";
    }
    ["access"] "How long users stay signed in, and who sees whole numbers." {
        "session_idle" = r#""12h""#: "Who asks for nothing for so long is signed out. Days may be given: `7d`.";
        "session_longest" = r#""7d""#: "Who signed in so long ago is, in any case.";
        "numbers" = r#"["supervisor", "admin"]"#: "Roles that see whole telephone numbers; others see `138****5678`, and an agent the whole number of the call that he is in.";
    }
    ["queue"] "Where callers wait for an agent." {
        "id" = "": "Its name.";
        "skill" = "(or skills)": "Agents who have it, of whatever level, are offered the calls.";
        "skills" = "(or skill)": "All of these are needed, each at least of its level.";
        "strategy" = r#""longest-idle""#: "Whom of the free agents: `longest-idle`, `round-robin`, `fewest-calls`, `least-talk-time`, `top-down`, `best-skill`, `random`, `weighted-random`; or several at once: `ring-all`, the first to answer has the call, and `ring-progressively`, the longest idle first and one more each `ring_step`. A call of higher priority takes nobody from phones that ring already.";
        "ring_at_once" = "10": "With these two: so many phones ring for a call at most, 1 to 50.";
        "ring_step" = r#""5s""#: "With `ring-progressively`: when one more phone is to ring; those before ring on, each for its own three rings.";
        "wrap_up" = r#""0s""#: "Time after a call in which an agent is offered no other.";
        "wrap_up_kind" = r#""optional""#: "`optional`: the agent may end it; `until-done`: he ends it, and at its end he is not ready; `mandatory`: nobody cuts it short.";
        "ageing" = "(never)": "Each of these that a caller waits lifts his priority by one, up to 9.";
        "weight" = "(first arrival decides)": "1 to 100: its share of the turns of agents who serve several queues.";
        "capacity" = "10000": "Callers that it holds; more are refused.";
        "join" = r#""always""#: "`always`, `logged-on`, `ready`: callers are refused while none of its agents is so.";
        "max_wait" = "(no limit)": "Who has waited so long leaves it.";
        "overflow" = "[]": "Where callers go whom it does not take, or not any longer: the first destination that takes them.";
        "overflow_full" = "(overflow)": "The same where the queue is full.";
        "overflow_nobody" = "(overflow)": "The same where nobody is logged on or ready, by `join`.";
        "overflow_expired" = "(overflow)": "The same where `max_wait` is over.";
        "music" = "(music/hold)": "What its waiting callers hear.";
        "caller" = "(the trunk's)": "The number that its agents show in calls out.";
        "company" = "(that of rules.greeting)": "The prompt of the company in whose name its agents greet.";
    }
    ["queue.announce"] "What waiting callers are told of their place. Without this table: nothing." {
        "position" = "true": "How many are before them.";
        "wait" = "true": "How long it will be, as far as can be told.";
        "every" = r#""30s""#: "How often.";
    }
    ["queue.call_back"] "Waiting callers are offered to be called back, and keep their place. Without this table: they are not." {
        "key" = "": "What a caller presses for it, `0` to `9`; he is told so, and asked to confirm.";
        "offer_after" = r#""30s""#: "Time waited from which on he is told.";
        "every" = r#""60s""#: "How long until he is told again.";
        "first" = r#""agent""#: "`agent`: the phone of the agent who is free rings, and the customer is called when he has answered. `customer`: he is called when an agent is free, and waits at the head of the line.";
        "tries" = "3": "How often a customer is called who does not answer, 1 to 10.";
        "retry_after" = r#""5m""#: "From one of these calls to the next.";
        "ring_for" = r#""30s""#: "How long his phone rings.";
        "numbers" = "[]": "Patterns of other numbers that a caller may give; none: he is called where he calls from.";
        "trunks" = "(by which he called)": "Trunks by which he is called, the best first.";
        "abandoned_after" = "(never)": "Who hangs up after so long a wait is put on the list of those whom agents call: `*80`, or the API.";
    }
    ["queue.widen"] "A step that lets more agents in as a caller waits; each later than the one before." {
        "after" = "": "From the entry into the queue.";
        "skills" = "(as before)": "What is asked for from now on, in place of what was.";
        "add" = "(nobody)": "These as well, whatever else they can: `team:NAME` or `skill:NAME`.";
    }
    ["queue.preferred"] "Who spoke with the caller last is waited for." {
        "within" = r#""24h""#: "How long ago at most.";
        "wait" = r#""20s""#: "How long.";
    }
    ["route"] "Which number leads where; the first that fits is taken." {
        "number" = "": "A number, or a pattern: `X` a digit, `N` 2 to 9, a last `.` one or more of anything.";
        "from" = r#""any""#: "`trunk`: calls from outside; `internal`: calls of our agents; `any`.";
        "to" = "": "`queue:ID`, `agent` (the one whose id was dialled), `agent:ID`, `menu:ID`, `message:ID`, `play:PROMPT`, `trunk:ID`, `reject:CODE`; or a list, the first that takes the call.";
        "skills" = "(nothing)": "What this number asks of an agent besides what its queue asks, or the queue that its menu leads to: he needs both. A step of widening that lowers a skill lowers it here too; whom a step adds needs these as well.";
        "calendar" = "(always open)": "By whose hours.";
        "closed" = "(play:closed)": "Where it leads outside of them.";
        "holiday" = "(closed)": "Where it leads on the calendar's exceptions.";
    }
    ["calendar"] "Hours." {
        "id" = "": "Its name.";
        "zone" = "": "By whose clock; a name of the IANA database.";
    }
    ["calendar.open"] "Spans of each day; a day that is not given is closed." {
        "mon" = "[]": "Two times of one day; a night is two spans: `22:00-24:00`, and the next day `00:00-06:00`.";
        "tue" = "[]": "";
        "wed" = "[]": "";
        "thu" = "[]": "";
        "fri" = "[]": "";
        "sat" = "[]": "";
        "sun" = "[]": "";
    }
    ["calendar.exception"] "Days on which other hours hold." {
        "date" = "": "The first of them.";
        "until" = "(date)": "The last, that day included.";
        "open" = "[]": "Spans; none: a holiday.";
    }
    ["menu"] "A caller chooses by keys; `menu:ID` leads here." {
        "id" = "": "Its name.";
        "language" = "(the call's)": "In which it speaks.";
        "prompt" = "": "What it says.";
        "keys" = "": "Key → a destination, `again`, or `language:FOLDER`.";
        "timeout" = r#""5s""#: "To choose in, from the end of the prompt.";
        "between" = r#""3s""#: "Between two digits of an extension.";
        "tries" = "3": "Wrong keys and times without one, together.";
        "wrong" = "(the prompt again)": "Prompt after a wrong key.";
        "otherwise" = "(play:goodbye)": "Where he goes who has chosen nothing.";
        "extensions" = "false": "Whether agents' ids may be dialled.";
    }
    ["message_box"] "Takes the word of whom nobody could hear; `message:ID` leads here." {
        "id" = "": "Its name.";
        "owner" = "": "`agent:ID` or `team:NAME`.";
        "greeting" = "": "Prompt before the tone.";
        "meeting" = "(greeting)": "Prompt in place of it while the owner is in a meeting.";
        "max" = r#""3m""#: "Longest message.";
        "silence" = r#""5s""#: "Ends the message.";
        "thanks" = "(message_kept)": "Prompt after it.";
        "questions" = r#""meeting""#: "Whether who, what, by when and the number to call back are asked one by one: `meeting` (while the owner is in one), `always`, `never`.";
        "superior" = "(the owner's)": "Another agent's id: to whom its messages go that nobody listens to.";
        "full" = "(play:box_full)": "Where callers go when it holds 200 messages that nobody has listened to.";
    }
    ["reason"] "Why agents may be not ready, in place of break, meal and training; `meeting` always is a reason." {
        "id" = "": "As events, API and reports have it.";
        "name" = "(the id)": "As pages show it.";
        "code" = "(none)": "What an agent dials, or presses in a call: `*16` to `*19`, `*90` to `*97`, `*99`.";
    }
    ["trunk"] "A way to the network outside." {
        "id" = "": "Its name.";
        "hosts" = "": "Where calls out go, in order: `sip:HOST`, `sip:HOST:PORT`, `sip:HOST;transport=tcp` or `tls`, `sips:HOST`; hosts of one `;priority=1` share by `;weight=2`.";
        "accept_from" = "[]": "Whose calls come in on it without a password: the carrier's addresses, or a name that leads to them (`sip:sbc.carrier.example`), and nobody else's.";
        "user" = "(no account)": "Our account, for carriers that ask for it.";
        "password" = "(no account)": "Its password.";
        "register" = "false": "We register with it as `user`, so that calls come here.";
        "expires" = r#""1h""#: "For so long at a time.";
        "domain" = "(the host's)": "Host of our addresses there.";
        "ping" = "(never)": "How often its hosts are asked with OPTIONS whether they are there.";
        "ping_failures" = "2": "So many unanswered in a row, and a host is passed over until it answers.";
        "try_for" = "(the INVITE's own time)": "A host that lets nothing ring for so long is given up for the next; after the last the call is refused.";
        "channels" = "(no limit)": "Calls over it at once, in and out; more go by the next trunk, or get 503.";
        "caller_shown" = r#""from""#: "`from`, `asserted` (P-Asserted-Identity as well), `behind-account` (From is our account).";
        "codecs" = "(those of [media])": "For its calls, in order of preference; the other party's codec goes before it where both lists have it.";
        "srtp" = "(that of [media])": "Whether the sound of its calls is encrypted: `off`, `optional` or `required`.";
        "ca" = "(those that this machine trusts)": "Who must have signed its certificate: PEM, relative to the configuration's folder.";
        "certificate" = "(none)": "What we show to it where it asks for a certificate, PEM.";
        "key" = "(none)": "The private key of that.";
        "accept_certificate" = "(nobody's)": "Calls over TLS from who shows a good certificate of this name come in on it without a password, as those from `accept_from` do; one of the two is enough.";
        "caller" = "(the extension)": "The number that agents show in calls out; one of the agent's queue, or his own, counts first.";
    }
    ["recording_server"] "To whom a copy of calls goes while they are spoken (SIPREC, RFC 7866). Servers are tried in the order of the files; a call that none takes goes on, and that is told." {
        "id" = "": "Its name, as events have it.";
        "trunk" = "": "The trunk by which it is reached: its hosts in their order, our account there, its certificate, and whether sound is encrypted. `try_for` (else 5 s) is how long a host has to answer; each `ping` (else 30 s) one that has a copy is asked whether it still has.";
        "calls" = "": "Whose calls: `all`, `queue:ID`, `agent:ID`, `trunk:ID` (by which they come), `number:PATTERN` (as dialled); `on-demand`: those for which `POST /api/v1/calls/ID/copies` orders one.";
        "user" = r#""record""#: "User part of its URI.";
        "codecs" = "(those of [media])": "What is offered to it, in order of preference.";
        "on_failure" = r#""go-on""#: "What follows when no server takes a call's copy: `go-on` without, or `retry` while the call lasts.";
        "retry_after" = r#""30s""#: "When it is tried again.";
    }
    ["recording_source"] "Whose calls are recorded here as recording sessions (SIPREC, RFC 7866). From all others they are refused." {
        "id" = "": "Its name, as records have it.";
        "trunk" = "": "The trunk by which it is known: its `accept_from` or `accept_certificate`; `srtp` counts as well.";
        "sessions" = "100": "Recording sessions at once; more get 503.";
    }
    ["rules.answer"] "Three rings." {
        "max_rings" = "3": "An agent who has not answered by then is passed over; the caller keeps his place.";
        "cadence" = r#""cn""#: "Whose rings are counted: with `cn` one ring is 5 s.";
        "after_missed" = r#""not-ready""#: "The state of an agent who missed a call: `not-ready` or `ready`.";
    }
    ["rules.answer.missed"] "How many offers let go have what consequence; `rules.answer.rejected`, `busy` and `unreachable` are alike, each counted by itself since the last call that the agent answered." {
        "after" = "(missed, rejected, unreachable 1; busy 0: never)": "How many.";
        "then" = "(not-ready; of missed: after_missed)": "`not-ready`, `ready` or `log-off`.";
    }
    ["rules.messages"] "Messages in boxes." {
        "escalate_after" = "(never)": "Not listened to within this long: the superior of the box, or its owner's, is told.";
        "listen" = r#""*98""#: "What an agent dials to hear the messages that wait for him; with a box, or a colleague's number, behind it: that box.";
    }
    ["rules.conference"] "Several in one call." {
        "outlives_caller" = "true": "When the caller hangs up the others speak on, and the recording goes on; else all are released.";
    }
    ["rules.hold"] "Seven seconds." {
        "patience" = r#""7s""#: "A caller on hold hears the prompt `patience` after this long, and again each time it has passed; a waiting one `queue_comfort`.";
        "escalate_after" = r#""30s""#: "From the moment promised to a held caller, in which his agent is reminded, to the call of the agent's superior.";
    }
    ["rules.card_data"] "Card data: in a call an agent presses `*8#`, or a program says so, and the recording is filled with silence until he does again." {
        "max" = r#""2m""#: "A pause that nobody ends is over after so long, and the agent is told.";
        "keys" = r#""hidden-in-pauses""#: "Of keys that are pressed in a pause only the times are kept; `always-hidden`: of customers' keys in all calls.";
    }
    ["rules.silent_call"] "A caller who says nothing." {
        "enabled" = "true": "Whether he is watched.";
        "wait" = r#""5s""#: "When neither side speaks for so long the next step is played; after the last, and one more wait, the call is released.";
        "steps" = r#"["silent_ask", "silent_farewell"]"#: "Prompts.";
    }
    ["rules.script"] "A script of service that an agent or a program begins." {
        "id" = "": "Its name.";
        "code" = "(none)": "What an agent presses in the call: `**` and a digit. `**#` ends it.";
        "ends_on" = r#""agent""#: "`agent`: until he presses `**#`; `speech`: the caller's word ends it, too.";
        "steps" = "": "`say:PROMPT`, `wait:DURATION` (the agent's speech begins it anew), `queue:ID` (the steps behind it where nobody is at work there), `call-back:ID`, `release`.";
        "measured" = "(none)": "`faint` or `noisy`: what, measured of the caller, begins it.";
        "may_release" = "false": "Such a script may have a step `release`; without this it is refused.";
    }
    ["rules.greeting"] "What both hear when an agent has the caller: the time of day, the company, the agent. Where nothing of it is to be said, the agent's own first words count." {
        "within" = r#""3s""#: "A greeting that began no later after the connection was in time.";
        "zone" = "(that of the reports)": "By whose clock it is morning; a name of the IANA database.";
        "company" = "(not said)": "Prompt.";
        "agent" = r#""named""#: "`named`: by the prompt of his own, or by his number; `not-named`.";
    }
    ["rules.greeting.by_time"] "Prompts by the part of the day. What is not given is not said." {
        "early" = "(not said)": "From 5 to 8.";
        "morning" = "(not said)": "From 8 to 12.";
        "noon" = "(not said)": "From 12 to 14.";
        "afternoon" = "(not said)": "From 14 to 18.";
        "evening" = "(not said)": "From 18 to 5.";
    }
    ["quality"] "How well sound travels, estimated for each leg and minute." {
        "poor" = "3.6": "A minute of a leg whose MOS (E-model, 1 to 4.5) is below this is told, `call.quality`; and again once one is 0.2 above it.";
    }
    ["rules.sound"] "How parties sound, measured all through each call." {
        "faint_below" = "-38": "Mean level of speech in dBov from which down it is too quiet.";
        "loud_above" = "-12": "From which up it is too loud; clipped speech is, too.";
        "noise_within" = "10": "Speech that stands no more dB than this above the noise behind it is noisy.";
        "open_microphone" = r#""5s""#: "An agent who speaks for so long while the caller waits, and nobody hears him, has left his microphone open.";
        "tell_agent" = "false": "A word to the agent's ear alone, at most once a minute and three times a call.";
    }
    ["rules.farewell"] "Nobody hangs up on a customer. Without this table the agent's hanging up ends the call." {
        "enabled" = "true": "Whether it is so.";
        "prompt" = r#""goodbye""#: "What the customer hears when the agent has hung up.";
        "wait" = r#""10s""#: "Then he hangs up himself, or is released when this has passed.";
    }
    ["rules.survey"] "How was it? Asked after the agent's part, answered by a key." {
        "enabled" = "true": "Whether it is asked.";
        "ask" = r#""survey_ask""#: "Prompt.";
        "thanks" = r#""thanks""#: "Prompt.";
        "highest" = "3": "Answers are 1 to this, as the prompt says.";
        "answer_within" = r#""8s""#: "From the end of the question.";
        "min_talk" = r#""20s""#: "Who spoke for less is not asked.";
        "not_within" = r#""24h""#: "Nor who was asked so lately.";
    }
    ["scorecard"] "By what calls are scored: sections of items. A card that is changed gets the next version; what was scored by the one before stays as it was." {
        "id" = "": "Its name.";
        "version" = "": "From 1; the highest is in force, older ones may stay.";
        "title" = "": "For people, in `zh` and `en`, or one text for both.";
        "pass" = "85": "Percent from which on a call has passed.";
    }
    ["scorecard.section"] "A part of the card." {
        "id" = "": "Its name.";
        "title" = "": "For people.";
    }
    ["scorecard.section.item"] "A question that is put to a call." {
        "id" = "": "One of its card: results add it up under this name, over all versions.";
        "title" = "": "For people.";
        "guide" = "(none)": "What to listen for.";
        "weight" = "": "0 to 100, its share of the whole; what does not apply is left out, and the others make up the whole. 0 is for fatal items.";
        "kind" = r#""yes-no""#: "`yes-no`, or `points`.";
        "points" = "(of kind points it must be given)": "So many at most, 1 to 100.";
        "fatal" = "false": "Lost, it costs the call all.";
        "auto" = "(nothing)": "What the switch knows of it, with reason and moment, before anybody has listened: `three-rings`, `greeting` (in time), `patience` (of who is on hold), `hold-reason`, `promise` (of a hold's length), `customer-first` (hung up), `sound`, `microphone`, `scripts` (each came to its own end), `script:ID` (this one did). Whoever scores may change it.";
        "not_applicable" = "false": "Whoever scores may leave it out. What the switch itself finds not to apply may be left out in any case.";
    }
    ["sampling"] "A plan: so many calls of each agent are drawn by lot for scoring, and shared out." {
        "id" = "": "Its name; the lots depend on it.";
        "scorecard" = "": "By which they are scored.";
        "per_agent" = "3": "1 to 50, spread over the time.";
        "every" = r#""week""#: "`week` (from Monday on, by `reports.zone`) or `day`.";
        "to" = "": "Users who score; each gets as many.";
    }
    ["sampling.of"] "Which calls: all that is given must be true of them. Without this table: all in which an agent had a customer." {
        "queue" = "(any)": "A queue's id.";
        "team" = "(any)": "Of agents of this team.";
        "longer" = "(any)": "Conversations of at least this length.";
        "shorter" = "(any)": "And of at most this.";
        "broken" = "(any)": "A rule of service that the call broke: `three-rings`, `patience`, `promise`, `hold-without-reason`, `greeting-late`, `greeting-missing`, `hung-up-first`, `abandoned`, `silent-release`, `open-microphone`.";
    }
    ["reports"] "What figures and reports go by (figures.md)." {
        "zone" = r#""UTC""#: "Days and half-hours begin by its clock; a name of the IANA database.";
        "service_level" = r#""20s""#: "T: an answer within this wait is in time.";
        "short_abandon" = r#""5s""#: "s: who leaves sooner has misdialled, and does not count against the service level.";
        "settled_days" = "7": "D: a matter is settled when the caller does not call again for so many days.";
    }
}

/// Names of the tables in brackets as they are written: those that come several times with two.
fn heading(path: &str) -> String {
    let many = KINDS.iter().any(|(table, keys)| keys.iter().any(|(key, kind)| joined(table, key) == path && kind.starts_with("Vec<Raw")));
    if many { format!("[[{path}]]") } else { format!("[{path}]") }
}

fn joined(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// What kind of value a key takes, by how it is written.
fn kind(example: &str) -> &'static str {
    let value = example.split_once('=').map_or("", |(_, value)| value.trim());
    let is_duration = |text: &str| {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        unit.len() < text.len() && ["ms", "s", "m", "h", "d"].contains(&unit)
    };
    match value.as_bytes().first() {
        Some(b'"') if is_duration(value.trim_matches('"')) => "time",
        Some(b'"') => "text",
        Some(b'[') => "list",
        Some(b'{') => "table",
        Some(b't' | b'f') => "true or false",
        _ => "number",
    }
}

/// The keys that the parser takes, `table.key`; tables below tables are not among them.
#[must_use]
pub fn keys() -> Vec<String> {
    let values = KINDS.iter().flat_map(|(table, keys)| keys.iter().map(move |(key, kind)| (table, key, kind)));
    values
        .filter(|(_, _, kind)| !kind.starts_with("Raw") && !kind.starts_with("Vec<Raw"))
        .map(|(table, key, _)| joined(table, key))
        .collect()
}

/// The keys that are described here.
#[must_use]
pub fn described() -> Vec<String> {
    ENTRIES.iter().map(|entry| joined(entry.table, entry.key)).collect()
}

/// A page in one language: what stands around the texts.
struct Words {
    preface: &'static str,
    columns: &'static str,
    must_be_given: &'static str,
    kinds: fn(&'static str) -> &'static str,
    text: fn(&str, &'static str) -> &'static str,
    default: fn(&'static str) -> String,
}

/// `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    page(&Words {
        preface: "# Configuration\n\n\
         Made from the code (`src/config/reference.rs`); `SANLING_WRITE_FIXTURES=1 cargo test --test docs` writes it anew.\n\n\
         All `*.toml` files of the folder are read as one document: a table may live in any of them, and a key that is given twice is an \
         error that names both places. Unknown keys are errors that suggest the nearest known one. Times are `\"500ms\"`, `\"7s\"`, `\"2m\"`, \
         `\"1h\"`; of what is kept, days: `\"90d\"`. After a change: `sanling check`, then `sanling reload`. `--set 'KEY=VALUE'` overrides \
         one dotted key.\n",
        columns: "| key | value | when not given | meaning |",
        must_be_given: "must be given",
        kinds: |kind| kind,
        text: |_, english| english,
        default: |words| words.trim_matches(['(', ')']).to_owned(),
    })
}

/// `docs/configuration.zh-CN.md`.
#[must_use]
pub fn markdown_in_chinese() -> String {
    page(&Words {
        preface: "# 配置\n\n\
         由代码生成（`src/config/reference/chinese.rs`）；`SANLING_WRITE_FIXTURES=1 cargo test --test docs` 重新写出。\n\n\
         目录中所有 `*.toml` 文件合为一份文档：一个表可以写在任何文件里，同一键给出两次是错误，并指出两处位置。未知的键是错误，并提示最接近的键。\
         时间写作 `\"500ms\"`、`\"7s\"`、`\"2m\"`、`\"1h\"`；保存期限写作天数：`\"90d\"`。修改之后：`sanling check`，再 `sanling reload`。\
         `--set 'KEY=VALUE'` 覆盖一个带点的键。括号中的默认值与英文参考一致。\n",
        columns: "| 键 | 值 | 未给出时 | 含义 |",
        must_be_given: "必须给出",
        kinds: |kind| match kind {
            "time" => "时间",
            "text" => "文本",
            "list" => "列表",
            "table" => "表",
            "true or false" => "真假",
            _ => "数字",
        },
        text: |name, _| chinese::TEXTS.iter().find(|(of, _)| *of == name).map_or("", |(_, text)| text),
        default: str::to_owned,
    })
}

/// Tables and keys whose Chinese text is missing, and texts of what there is no more.
#[must_use]
pub fn untranslated() -> Vec<String> {
    let tables = ABOUT.iter().map(|about| (about.path.to_owned(), about.about));
    let named: Vec<(String, &str)> = tables.chain(ENTRIES.iter().map(|entry| (joined(entry.table, entry.key), entry.meaning))).collect();
    let missing = named.iter().filter(|(name, english)| {
        let chinese = chinese::TEXTS.iter().find(|(of, _)| of == name);
        chinese.is_none_or(|(_, text)| text.is_empty() != english.is_empty())
    });
    let unknown = chinese::TEXTS.iter().map(|(of, _)| (*of).to_owned()).filter(|of| !named.iter().any(|(name, _)| name == of));
    missing.map(|(name, _)| name.clone()).chain(unknown).collect()
}

fn page(words: &Words) -> String {
    let mut out = String::from(words.preface);
    for About { path, about } in ABOUT {
        let (about, columns) = ((words.text)(path, about), words.columns);
        out.push_str(&format!("\n## `{}`\n\n{about}\n\n{columns}\n| --- | --- | --- | --- |\n", heading(path)));
        let known = TABLES.iter().find(|(table, _)| table == path).map_or(&[][..], |(_, keys)| keys);
        for Entry { key, default, meaning, .. } in ENTRIES.iter().filter(|entry| entry.table == *path) {
            let example = known.iter().find(|(name, _)| name == key).map_or("", |(_, example)| example);
            let default = match *default {
                "" => words.must_be_given.to_owned(),
                explained if explained.starts_with('(') => (words.default)(explained),
                literal => format!("`{literal}`"),
            };
            let (kind, meaning) = ((words.kinds)(kind(example)), (words.text)(&joined(path, key), meaning));
            out.push_str(&format!("| `{key}` | {kind}: `{}` | {default} | {} |\n", cell(example), cell(meaning)));
        }
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, PromptInventory, SourceFile, resolve};

    /// The least that a table needs before one of its keys can be tried, by its path; what comes before the dots is the table itself.
    const LEAST: &[(&str, &str)] = &[
        ("agent", "[[agent]]\nid = \"1001\"\npassword = \"pw\"\n"),
        ("user", "[[user]]\nid = \"u\"\nrole = \"qa\"\npassword = \"demo-u\"\n"),
        ("queue", "[[agent]]\nid = \"1001\"\npassword = \"pw\"\nskills = { x = 5 }\n[[queue]]\nid = \"q\"\nskill = \"x\"\n"),
        (
            "queue.preferred",
            "[[agent]]\nid = \"1001\"\npassword = \"pw\"\nskills = { x = 5 }\n[[queue]]\nid = \"q\"\nskill = \"x\"\n[queue.preferred]\n",
        ),
        ("scorecard", "[[scorecard]]\nid = \"s\"\nversion = 1\ntitle = \"t\"\nsection = []\n"),
        (
            "scorecard.section.item",
            "[[scorecard]]\nid = \"s\"\nversion = 1\ntitle = \"t\"\n[[scorecard.section]]\nid = \"a\"\ntitle = \"t\"\n[[scorecard.section.item]]\nid = \"i\"\ntitle = \"t\"\nweight = 1\n",
        ),
        (
            "sampling",
            "[[scorecard]]\nid = \"s\"\nversion = 1\ntitle = \"t\"\nsection = []\n[[user]]\nid = \"u\"\nrole = \"qa\"\npassword = \"demo-u\"\n[[sampling]]\nid = \"p\"\nscorecard = \"s\"\nto = [\"u\"]\n",
        ),
        ("route", "[[route]]\nnumber = \"1\"\nto = \"reject:404\"\n"),
        ("trunk", "[[trunk]]\nid = \"t\"\nhosts = [\"sip:127.0.0.1\"]\n"),
        (
            "recording_server",
            "[[trunk]]\nid = \"t\"\nhosts = [\"sip:127.0.0.1\"]\n[[recording_server]]\nid = \"s\"\ntrunk = \"t\"\ncalls = [\"all\"]\n",
        ),
        ("recording_source", "[[trunk]]\nid = \"t\"\naccept_from = [\"127.0.0.1\"]\n[[recording_source]]\nid = \"s\"\ntrunk = \"t\"\n"),
        ("rules.script", "[[rules.script]]\nid = \"s\"\nsteps = [\"release\"]\n"),
        ("rules.survey", "[rules.farewell]\n[rules.survey]\n"),
        ("calendar", "[[calendar]]\nid = \"c\"\nzone = \"UTC\"\nopen = {}\n"),
        ("calendar.open", "[[calendar]]\nid = \"c\"\nzone = \"UTC\"\n[calendar.open]\n"),
        ("calendar.exception", "[[calendar]]\nid = \"c\"\nzone = \"UTC\"\nopen = {}\n[[calendar.exception]]\ndate = \"2026-10-01\"\n"),
        ("menu", "[[menu]]\nid = \"m\"\nprompt = \"welcome\"\nkeys = { 1 = \"reject:404\" }\n"),
        (
            "queue.call_back",
            "[[agent]]\nid = \"1001\"\npassword = \"pw\"\nskills = { x = 5 }\n[[queue]]\nid = \"q\"\nskill = \"x\"\n[queue.call_back]\nkey = \"1\"\n",
        ),
        (
            "queue.announce",
            "[[agent]]\nid = \"1001\"\npassword = \"pw\"\nskills = { x = 5 }\n[[queue]]\nid = \"q\"\nskill = \"x\"\n[queue.announce]\n",
        ),
    ];

    fn of(text: &str) -> Result<Config, Vec<crate::config::ConfigError>> {
        resolve(&[SourceFile { path: "x.toml".to_owned(), text: text.to_owned() }], &[], &PromptInventory::complete(&["zh-CN", "en-US"]))
    }

    /// Where each table that comes once stands in the least configuration there is.
    fn once(path: &str, line: &str) -> String {
        let mut text = String::new();
        for (table, needed) in [("switch", "domain = \"d\"\n"), ("sip", "listen = [\"udp:127.0.0.1:5060\"]\n")] {
            text.push_str(&format!("[{table}]\n{needed}{}", if path == table { line } else { "" }));
        }
        match LEAST.iter().find(|(table, _)| *table == path) {
            Some((_, least)) => text.push_str(&format!("{least}{line}")),
            None if ["switch", "sip"].contains(&path) => {}
            None => text.push_str(&format!("[{path}]\n{line}")),
        }
        text
    }

    #[test]
    fn every_default_is_what_stands_when_the_key_is_not_given() {
        let mut tried = 0;
        for Entry { table, key, default, .. } in ENTRIES.iter().filter(|entry| !entry.default.is_empty() && !entry.default.starts_with('('))
        {
            if heading(table).starts_with("[[") && !LEAST.iter().any(|(path, _)| path == table) {
                continue;
            }
            let given = of(&once(table, &format!("{key} = {default}\n"))).unwrap_or_else(|errors| panic!("{table}.{key}: {errors:?}"));
            let absent = of(&once(table, "")).unwrap_or_else(|errors| panic!("{table}: {errors:?}"));
            assert_eq!(given, absent, "{table}.{key} is not {default} when it is not given");
            tried += 1;
        }
        assert!(tried > 50, "{tried}");
    }

    #[test]
    fn a_heading_has_two_brackets_where_a_table_comes_several_times() {
        let headings =
            [("switch", "[switch]"), ("agent", "[[agent]]"), ("queue.widen", "[[queue.widen]]"), ("queue.preferred", "[queue.preferred]")];
        for (path, expected) in headings {
            assert_eq!(heading(path), expected);
        }
        assert_eq!((kind("x = \"7s\""), kind("x = \"s\""), kind("x = 3"), kind("x = { a = 1 }")), ("time", "text", "number", "table"));
    }
}
