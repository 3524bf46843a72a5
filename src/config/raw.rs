//! The document's mirror: which tables and keys there are, what kind of value each takes, and an example of each for whoever got it
//! wrong. Every wrong key and kind is collected, not the first alone, which is why this is no serde derive. What a value means is
//! `resolve`'s. How each kind of value is read stands in `kinds`.

mod kinds;

use super::document::{Node, Value};
use super::error::Faults;
use super::source::{Place, Spot};
use super::suggest::nearest;
use std::collections::{BTreeMap, BTreeSet};

/// A key on its way down: its full name, and how it is written when it is right.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    name: &'a str,
    example: &'a str,
}

pub(super) trait FromNode: Sized {
    /// `None` once the fault is noted.
    fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self>;
}

macro_rules! tables {
    ($($name:ident $path:literal { $($field:ident: $kind:ty = $example:literal,)* })*) => {
        $(
            #[derive(Default, Debug)]
            pub(super) struct $name {
                /// Of the table's head.
                #[allow(dead_code, reason = "every table has its place, not every one is pointed at")]
                pub place: Place,
                /// The keys given, right or wrong: what is wrong already is not missing too.
                pub given: BTreeSet<&'static str>,
                $(pub $field: Option<$kind>,)*
            }

            impl FromNode for $name {
                fn from_node(node: &Node, key: Key<'_>, faults: &mut Faults) -> Option<Self> {
                    let Value::Table(table) = &node.value else {
                        let _: Option<Self> = wrong_kind(node, key, "a table", faults);
                        return Some(Self { place: node.place, given: BTreeSet::from([$(stringify!($field)),*]), ..Self::default() });
                    };
                    let mut read = Self { place: node.place, ..Self::default() };
                    for (name, entry) in table {
                        match name.as_str() {
                            $(stringify!($field) => {
                                read.given.insert(stringify!($field));
                                let key = Key { name: &joined($path, name), example: $example };
                                read.$field = FromNode::from_node(&entry.node, key, faults);
                            })*
                            _ => unknown_key(entry.key, $path, name, &[$(stringify!($field)),*], faults),
                        }
                    }
                    Some(read)
                }
            }
        )*

        /// Every table with its keys and their examples.
        pub(super) const TABLES: &[(&str, &[(&str, &str)])] = &[$(($path, &[$((stringify!($field), $example)),*])),*];

        /// Every table with its keys and the types that mirror them.
        pub(super) const KINDS: &[(&str, &[(&str, &str)])] = &[$(($path, &[$((stringify!($field), stringify!($kind))),*])),*];
    };
}

tables! {
    RawConfig "" {
        switch: RawSwitch = "[switch]",
        sip: RawSip = "[sip]",
        tls: RawTls = "[tls]",
        media: RawMedia = "[media]",
        http: RawHttp = "[http]",
        storage: RawStorage = "[storage]",
        agent: Vec<RawAgent> = "[[agent]]",
        queue: Vec<RawQueue> = "[[queue]]",
        route: Vec<RawRoute> = "[[route]]",
        trunk: Vec<RawTrunk> = "[[trunk]]",
        recording_server: Vec<RawRecordingServer> = "[[recording_server]]",
        recording_source: Vec<RawRecordingSource> = "[[recording_source]]",
        calendar: Vec<RawCalendar> = "[[calendar]]",
        menu: Vec<RawMenu> = "[[menu]]",
        message_box: Vec<RawBox> = "[[message_box]]",
        rules: RawRules = "[rules.answer]",
        reason: Vec<RawReason> = "[[reason]]",
        reports: RawReports = "[reports]",
        quality: RawQuality = "[quality]",
        scorecard: Vec<RawScorecard> = "[[scorecard]]",
        sampling: Vec<RawSampling> = "[[sampling]]",
        user: Vec<RawUser> = "[[user]]",
        access: RawAccess = "[access]",
    }
    RawSwitch "switch" {
        name: Spot<String> = "name = \"sanling\"",
        domain: Spot<String> = "domain = \"sanling.local\"",
        language: Spot<String> = "language = \"zh-CN\"",
        drain: Spot<String> = "drain = \"30s\"",
    }
    RawSip "sip" {
        listen: Vec<Spot<String>> = "listen = [\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"]",
        session_expires: Spot<String> = "session_expires = \"30m\"",
        min_session_expires: Spot<String> = "min_session_expires = \"90s\"",
        registration_min: Spot<String> = "registration_min = \"60s\"",
        registration_max: Spot<String> = "registration_max = \"1h\"",
        registration_default: Spot<String> = "registration_default = \"10m\"",
        service_route: Vec<Spot<String>> = "service_route = [\"sip:192.0.2.5;lr\"]",
        forwarding: Spot<String> = "forwarding = \"house\"",
        dns: Vec<Spot<String>> = "dns = [\"192.0.2.53:53\"]",
        guard: RawGuard = "[sip.guard]",
    }
    RawTls "tls" {
        certificate: Spot<String> = "certificate = \"tls/fullchain.pem\"",
        key: Spot<String> = "key = \"tls/privkey.pem\"",
        phone_ca: Spot<String> = "phone_ca = \"tls/phone-ca.pem\"",
    }
    RawGuard "sip.guard" {
        enabled: Spot<bool> = "enabled = true",
        failures: Spot<i64> = "failures = 10",
        window: Spot<String> = "window = \"60s\"",
        block: Spot<String> = "block = \"5m\"",
        block_max: Spot<String> = "block_max = \"2h\"",
        invites: Spot<i64> = "invites = 20",
        requests: Spot<i64> = "requests = 100",
        connections: Spot<i64> = "connections = 64",
        shared: Vec<Spot<String>> = "shared = [\"198.51.100.7\", \"10.8.0.0/16\"]",
    }
    RawMedia "media" {
        ports: Spot<String> = "ports = \"20000-29999\"",
        codecs: Vec<Spot<String>> = "codecs = [\"pcma\", \"pcmu\", \"g722\", \"opus\"]",
        rtp_timeout: Spot<String> = "rtp_timeout = \"30s\"",
        workers: Spot<i64> = "workers = 4",
        srtp: Spot<String> = "srtp = \"optional\"",
        srtp_suites: Vec<Spot<String>> = "srtp_suites = [\"AEAD_AES_128_GCM\", \"AES_CM_128_HMAC_SHA1_80\"]",
    }
    RawHttp "http" {
        listen: Spot<String> = "listen = \"127.0.0.1:8080\"",
        tls: Spot<bool> = "tls = true",
    }
    RawStorage "storage" {
        data: Spot<String> = "data = \"data\"",
        recordings: Spot<String> = "recordings = \"recordings\"",
        retention: RawRetention = "[storage.retention]",
    }
    RawRetention "storage.retention" {
        recordings: Spot<String> = "recordings = \"90d\"",
        records: Spot<String> = "records = \"730d\"",
        signalling: Spot<String> = "signalling = \"30d\"",
        free_space: Spot<String> = "free_space = \"1GB\"",
    }
    RawScorecard "scorecard" {
        id: Spot<String> = "id = \"service\"",
        version: Spot<i64> = "version = 1",
        title: Titles = "title = { zh = \"客服评分表\", en = \"Service\" }",
        pass: Spot<i64> = "pass = 85",
        section: Vec<RawSection> = "[[scorecard.section]]",
    }
    RawSection "scorecard.section" {
        id: Spot<String> = "id = \"opening\"",
        title: Titles = "title = { zh = \"开场\", en = \"Opening\" }",
        item: Vec<RawItem> = "[[scorecard.section.item]]",
    }
    RawItem "scorecard.section.item" {
        id: Spot<String> = "id = \"greeting\"",
        title: Titles = "title = { zh = \"问候\", en = \"Greeting\" }",
        guide: Titles = "guide = { zh = \"语气亲切\", en = \"Kind\" }",
        weight: Spot<i64> = "weight = 10",
        kind: Spot<String> = "kind = \"points\"",
        points: Spot<i64> = "points = 5",
        fatal: Spot<bool> = "fatal = true",
        auto: Spot<String> = "auto = \"three-rings\"",
        not_applicable: Spot<bool> = "not_applicable = true",
    }
    RawSampling "sampling" {
        id: Spot<String> = "id = \"weekly\"",
        scorecard: Spot<String> = "scorecard = \"service\"",
        per_agent: Spot<i64> = "per_agent = 3",
        every: Spot<String> = "every = \"week\"",
        of: RawDrawn = "of = { longer = \"30s\" }",
        to: Vec<Spot<String>> = "to = [\"li-qa\"]",
    }
    RawDrawn "sampling.of" {
        queue: Spot<String> = "queue = \"service\"",
        team: Spot<String> = "team = \"service\"",
        longer: Spot<String> = "longer = \"30s\"",
        shorter: Spot<String> = "shorter = \"10m\"",
        broken: Spot<String> = "broken = \"promise\"",
    }
    RawReports "reports" {
        zone: Spot<String> = "zone = \"Asia/Shanghai\"",
        service_level: Spot<String> = "service_level = \"20s\"",
        short_abandon: Spot<String> = "short_abandon = \"5s\"",
        settled_days: Spot<i64> = "settled_days = 7",
    }
    RawQuality "quality" {
        poor: Spot<f64> = "poor = 3.6",
    }
    RawUser "user" {
        id: Spot<String> = "id = \"li-qa\"",
        name: Spot<String> = "name = \"Li Na\"",
        role: Spot<String> = "role = \"qa\"",
        password: Spot<String> = "password = \"$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH\"",
        agent: Spot<String> = "agent = \"1001\"",
        language: Spot<String> = "language = \"zh\"",
    }
    RawAccess "access" {
        session_idle: Spot<String> = "session_idle = \"12h\"",
        session_longest: Spot<String> = "session_longest = \"7d\"",
        numbers: Vec<Spot<String>> = "numbers = [\"supervisor\", \"admin\"]",
    }
    RawAgent "agent" {
        id: Spot<String> = "id = \"1001\"",
        name: Spot<String> = "name = \"Zhang Wei\"",
        password: Spot<String> = "password = \"a long random one\"",
        ha1_sha256: Spot<String> = "ha1_sha256 = \"64 hexadecimal digits\"",
        ha1_md5: Spot<String> = "ha1_md5 = \"32 hexadecimal digits\"",
        team: Spot<String> = "team = \"service\"",
        skills: Skills = "skills = { service = 5 }",
        rank: Spot<i64> = "rank = 1",
        weight: Spot<i64> = "weight = 2",
        caller: Spot<String> = "caller = \"02012345678\"",
        greeting: Spot<String> = "greeting = \"agents/zhang-wei\"",
        superior: Spot<String> = "superior = \"1000\"",
        shift: Spot<String> = "shift = \"office\"",
        role: Spot<String> = "role = \"agent\"",
        login: Spot<String> = "login = \"on-register\"",
        codecs: Vec<Spot<String>> = "codecs = [\"opus\", \"pcma\"]",
        srtp: Spot<String> = "srtp = \"required\"",
        auto_answer: Spot<String> = "auto_answer = \"call-info\"",
    }
    RawQueue "queue" {
        id: Spot<String> = "id = \"service\"",
        skill: Spot<String> = "skill = \"service\"",
        skills: Skills = "skills = { billing = 3, english = 5 }",
        strategy: Spot<String> = "strategy = \"longest-idle\"",
        ring_at_once: Spot<i64> = "ring_at_once = 10",
        ring_step: Spot<String> = "ring_step = \"5s\"",
        wrap_up: Spot<String> = "wrap_up = \"0s\"",
        wrap_up_kind: Spot<String> = "wrap_up_kind = \"optional\"",
        widen: Vec<RawWiden> = "[[queue.widen]]",
        ageing: Spot<String> = "ageing = \"60s\"",
        weight: Spot<i64> = "weight = 3",
        capacity: Spot<i64> = "capacity = 50",
        join: Spot<String> = "join = \"logged-on\"",
        max_wait: Spot<String> = "max_wait = \"10m\"",
        caller: Spot<String> = "caller = \"02012345678\"",
        preferred: RawPreferred = "preferred = { within = \"24h\", wait = \"20s\" }",
        overflow: Vec<Spot<String>> = "overflow = [\"queue:second\", \"play:closed\"]",
        overflow_full: Vec<Spot<String>> = "overflow_full = [\"queue:second\", \"play:closed\"]",
        overflow_nobody: Vec<Spot<String>> = "overflow_nobody = [\"play:closed\"]",
        overflow_expired: Vec<Spot<String>> = "overflow_expired = [\"agent:1000\", \"play:closed\"]",
        call_back: RawCallBack = "[queue.call_back]",
        announce: RawAnnounce = "announce = { position = true, wait = true, every = \"30s\" }",
        music: Spot<String> = "music = \"music/hold\"",
        company: Spot<String> = "company = \"company\"",
    }
    RawCallBack "queue.call_back" {
        key: Spot<String> = "key = \"1\"",
        offer_after: Spot<String> = "offer_after = \"30s\"",
        every: Spot<String> = "every = \"60s\"",
        first: Spot<String> = "first = \"agent\"",
        tries: Spot<i64> = "tries = 3",
        retry_after: Spot<String> = "retry_after = \"5m\"",
        ring_for: Spot<String> = "ring_for = \"30s\"",
        numbers: Vec<Spot<String>> = "numbers = [\"1XXXXXXXXXX\"]",
        trunks: Vec<Spot<String>> = "trunks = [\"carrier\"]",
        abandoned_after: Spot<String> = "abandoned_after = \"20s\"",
    }
    RawWiden "queue.widen" {
        after: Spot<String> = "after = \"30s\"",
        skills: Skills = "skills = { billing = 1 }",
        add: Spot<String> = "add = \"team:second-line\"",
    }
    RawPreferred "queue.preferred" {
        within: Spot<String> = "within = \"24h\"",
        wait: Spot<String> = "wait = \"20s\"",
    }
    RawReason "reason" {
        id: Spot<String> = "id = \"break\"",
        name: Spot<String> = "name = \"A short break\"",
        code: Spot<String> = "code = \"*16\"",
    }
    RawAnnounce "queue.announce" {
        position: Spot<bool> = "position = true",
        wait: Spot<bool> = "wait = true",
        every: Spot<String> = "every = \"30s\"",
    }
    RawRoute "route" {
        number: Spot<String> = "number = \"95000\"",
        from: Spot<String> = "from = \"trunk\"",
        to: Texts = "to = \"queue:service\"",
        skills: Skills = "skills = { english = 3 }",
        calendar: Spot<String> = "calendar = \"office\"",
        closed: Texts = "closed = \"play:closed\"",
        holiday: Texts = "holiday = \"play:closed\"",
    }
    RawCalendar "calendar" {
        id: Spot<String> = "id = \"office\"",
        zone: Spot<String> = "zone = \"Asia/Shanghai\"",
        open: RawWeek = "open = { mon = [\"09:00-12:00\", \"13:30-18:00\"] }",
        exception: Vec<RawException> = "[[calendar.exception]]",
    }
    RawWeek "calendar.open" {
        mon: Vec<Spot<String>> = "mon = [\"09:00-12:00\", \"13:30-18:00\"]",
        tue: Vec<Spot<String>> = "tue = [\"09:00-18:00\"]",
        wed: Vec<Spot<String>> = "wed = [\"09:00-18:00\"]",
        thu: Vec<Spot<String>> = "thu = [\"09:00-18:00\"]",
        fri: Vec<Spot<String>> = "fri = [\"09:00-18:00\"]",
        sat: Vec<Spot<String>> = "sat = [\"09:00-12:00\"]",
        sun: Vec<Spot<String>> = "sun = []",
    }
    RawException "calendar.exception" {
        date: Spot<String> = "date = \"2026-10-01\"",
        until: Spot<String> = "until = \"2026-10-07\"",
        open: Vec<Spot<String>> = "open = []",
    }
    RawMenu "menu" {
        id: Spot<String> = "id = \"main\"",
        language: Spot<String> = "language = \"en-US\"",
        prompt: Spot<String> = "prompt = \"welcome\"",
        keys: Keys = "keys = { \"1\" = \"queue:service\", \"9\" = \"language:en-US\" }",
        timeout: Spot<String> = "timeout = \"5s\"",
        between: Spot<String> = "between = \"3s\"",
        tries: Spot<i64> = "tries = 3",
        wrong: Spot<String> = "wrong = \"wrong_key\"",
        otherwise: Texts = "otherwise = \"queue:service\"",
        extensions: Spot<bool> = "extensions = true",
    }
    RawBox "message_box" {
        id: Spot<String> = "id = \"service\"",
        owner: Spot<String> = "owner = \"team:service\"",
        greeting: Spot<String> = "greeting = \"message_greeting\"",
        meeting: Spot<String> = "meeting = \"meeting_greeting\"",
        thanks: Spot<String> = "thanks = \"message_kept\"",
        max: Spot<String> = "max = \"3m\"",
        silence: Spot<String> = "silence = \"5s\"",
        questions: Spot<String> = "questions = \"meeting\"",
        superior: Spot<String> = "superior = \"1000\"",
        full: Texts = "full = \"queue:service\"",
    }
    RawTrunk "trunk" {
        id: Spot<String> = "id = \"carrier\"",
        hosts: Vec<Spot<String>> = "hosts = [\"sip:127.0.0.1:5090\"]",
        accept_from: Vec<Spot<String>> = "accept_from = [\"127.0.0.0/8\"]",
        user: Spot<String> = "user = \"075512345678\"",
        password: Spot<String> = "password = \"as the carrier gave it\"",
        register: Spot<bool> = "register = true",
        expires: Spot<String> = "expires = \"1h\"",
        domain: Spot<String> = "domain = \"carrier.example\"",
        ping: Spot<String> = "ping = \"30s\"",
        ping_failures: Spot<i64> = "ping_failures = 2",
        try_for: Spot<String> = "try_for = \"6s\"",
        channels: Spot<i64> = "channels = 30",
        caller_shown: Spot<String> = "caller_shown = \"asserted\"",
        caller: Spot<String> = "caller = \"02012345678\"",
        codecs: Vec<Spot<String>> = "codecs = [\"pcma\", \"pcmu\"]",
        srtp: Spot<String> = "srtp = \"required\"",
        ca: Spot<String> = "ca = \"tls/carrier-ca.pem\"",
        certificate: Spot<String> = "certificate = \"tls/carrier-client.pem\"",
        key: Spot<String> = "key = \"tls/carrier-client-key.pem\"",
        accept_certificate: Spot<String> = "accept_certificate = \"sbc.carrier.example\"",
    }
    RawRecordingServer "recording_server" {
        id: Spot<String> = "id = \"vault\"",
        trunk: Spot<String> = "trunk = \"vault\"",
        calls: Vec<Spot<String>> = "calls = [\"queue:service\", \"agent:1001\", \"number:95000\"]",
        user: Spot<String> = "user = \"record\"",
        codecs: Vec<Spot<String>> = "codecs = [\"pcma\", \"g722\"]",
        on_failure: Spot<String> = "on_failure = \"retry\"",
        retry_after: Spot<String> = "retry_after = \"30s\"",
    }
    RawRecordingSource "recording_source" {
        id: Spot<String> = "id = \"branch\"",
        trunk: Spot<String> = "trunk = \"branch\"",
        sessions: Spot<i64> = "sessions = 100",
    }
    RawRules "rules" {
        answer: RawAnswer = "[rules.answer]",
        hold: RawHold = "[rules.hold]",
        card_data: RawCardData = "[rules.card_data]",
        silent_call: RawSilentCall = "[rules.silent_call]",
        greeting: RawGreeting = "[rules.greeting]",
        sound: RawSound = "[rules.sound]",
        script: Vec<RawScript> = "[[rules.script]]",
        farewell: RawFarewell = "[rules.farewell]",
        survey: RawSurvey = "[rules.survey]",
        messages: RawMessages = "[rules.messages]",
        conference: RawConference = "[rules.conference]",
    }
    RawConference "rules.conference" {
        outlives_caller: Spot<bool> = "outlives_caller = true",
    }
    RawMessages "rules.messages" {
        escalate_after: Spot<String> = "escalate_after = \"30m\"",
        listen: Spot<String> = "listen = \"*98\"",
    }
    RawAnswer "rules.answer" {
        max_rings: Spot<i64> = "max_rings = 3",
        cadence: Spot<String> = "cadence = \"cn\"",
        after_missed: Spot<String> = "after_missed = \"not-ready\"",
        missed: RawLimit = "missed = { after = 2, then = \"not-ready\" }",
        rejected: RawLimit = "rejected = { after = 1, then = \"not-ready\" }",
        busy: RawLimit = "busy = { after = 3, then = \"not-ready\" }",
        unreachable: RawLimit = "unreachable = { after = 1, then = \"log-off\" }",
    }
    RawLimit "rules.answer.missed" {
        after: Spot<i64> = "after = 2",
        then: Spot<String> = "then = \"not-ready\"",
    }
    RawHold "rules.hold" {
        patience: Spot<String> = "patience = \"7s\"",
        escalate_after: Spot<String> = "escalate_after = \"30s\"",
    }
    RawCardData "rules.card_data" {
        max: Spot<String> = "max = \"2m\"",
        keys: Spot<String> = "keys = \"always-hidden\"",
    }
    RawSilentCall "rules.silent_call" {
        enabled: Spot<bool> = "enabled = true",
        wait: Spot<String> = "wait = \"5s\"",
        steps: Vec<Spot<String>> = "steps = [\"silent_ask\", \"silent_farewell\"]",
    }
    RawScript "rules.script" {
        id: Spot<String> = "id = \"faint\"",
        code: Spot<String> = "code = \"**2\"",
        ends_on: Spot<String> = "ends_on = \"speech\"",
        measured: Spot<String> = "measured = \"faint\"",
        may_release: Spot<bool> = "may_release = true",
        steps: Vec<Spot<String>> = "steps = [\"say:low_volume_ask\", \"wait:5s\", \"say:low_volume_farewell\", \"wait:5s\", \"release\"]",
    }
    RawGreeting "rules.greeting" {
        within: Spot<String> = "within = \"3s\"",
        zone: Spot<String> = "zone = \"Asia/Shanghai\"",
        company: Spot<String> = "company = \"company\"",
        agent: Spot<String> = "agent = \"named\"",
        by_time: RawByTime = "[rules.greeting.by_time]",
    }
    RawByTime "rules.greeting.by_time" {
        early: Spot<String> = "early = \"greeting_early\"",
        morning: Spot<String> = "morning = \"greeting_morning\"",
        noon: Spot<String> = "noon = \"greeting_noon\"",
        afternoon: Spot<String> = "afternoon = \"greeting_afternoon\"",
        evening: Spot<String> = "evening = \"greeting_evening\"",
    }
    RawSound "rules.sound" {
        faint_below: Spot<i64> = "faint_below = -38",
        loud_above: Spot<i64> = "loud_above = -12",
        noise_within: Spot<i64> = "noise_within = 10",
        open_microphone: Spot<String> = "open_microphone = \"5s\"",
        tell_agent: Spot<bool> = "tell_agent = true",
    }
    RawFarewell "rules.farewell" {
        enabled: Spot<bool> = "enabled = true",
        prompt: Spot<String> = "prompt = \"goodbye\"",
        wait: Spot<String> = "wait = \"10s\"",
    }
    RawSurvey "rules.survey" {
        enabled: Spot<bool> = "enabled = true",
        ask: Spot<String> = "ask = \"survey_ask\"",
        thanks: Spot<String> = "thanks = \"thanks\"",
        highest: Spot<i64> = "highest = 3",
        answer_within: Spot<String> = "answer_within = \"8s\"",
        min_talk: Spot<String> = "min_talk = \"20s\"",
        not_within: Spot<String> = "not_within = \"24h\"",
    }
}

/// Skill → its name's place and its level.
#[derive(Default, Debug)]
pub(super) struct Skills {
    pub place: Place,
    pub levels: BTreeMap<String, (Place, Spot<i64>)>,
}

/// A text for people: in each language, or one for both.
#[derive(Clone, Default, Debug)]
pub(super) struct Titles {
    pub place: Place,
    pub zh: Option<Spot<String>>,
    pub en: Option<Spot<String>>,
    /// Something of it was, and is noted.
    pub is_wrong: bool,
}

/// A text, or a list of them.
#[derive(Clone, Default, Debug)]
pub(super) struct Texts {
    pub place: Place,
    pub texts: Vec<Spot<String>>,
}

/// Key of a menu → its place and where it leads.
#[derive(Default, Debug)]
pub(super) struct Keys {
    pub keys: BTreeMap<String, (Place, Texts)>,
}

impl RawConfig {
    pub fn read(root: super::document::Table, faults: &mut Faults) -> Self {
        let node = Node { value: Value::Table(root), place: Place::default() };
        Self::from_node(&node, Key { name: "", example: "" }, faults).unwrap_or_default()
    }
}

/// How `table.key` is written when it is right.
pub(super) fn example_of(table: &str, key: &str) -> &'static str {
    let keys = TABLES.iter().find(|(path, _)| *path == table).map_or(&[][..], |(_, keys)| keys);
    keys.iter().find(|(name, _)| *name == key).map_or("", |(_, example)| example)
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn wrong_kind<T>(node: &Node, key: Key<'_>, wanted: &str, faults: &mut Faults) -> Option<T> {
    let found = match &node.value {
        Value::Text(_) => "a text",
        Value::Integer(_) => "a number",
        Value::Decimal(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Other(kind) => kind,
        Value::List(_) => "a list",
        Value::Table(_) => "a table",
    };
    faults.error(node.place, format!("`{}` is {found}; it takes {wanted}", key.name), format!("for example: {}", key.example));
    None
}

fn unknown_key(place: Place, path: &str, name: &str, known: &[&'static str], faults: &mut Faults) {
    let within = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
    let message = format!("there is no key `{name}`{within}");
    let remedy = if let Some(meant) = nearest(name, known.iter().copied()) {
        format!("did you mean `{meant}`? For example: {}", example_of(path, meant))
    } else if let Some((table, _)) = TABLES.iter().find(|(_, keys)| keys.iter().any(|(key, _)| *key == name)) {
        format!("`{name}` belongs in `{table}`").replace("in ``", "at the top of the file, in no table")
    } else {
        format!("known here: {}", known.join(", "))
    };
    faults.error(place, message, remedy);
}
