//! What an operator sees when the configuration is wrong: the whole text of errors, every key of the shipped files mistaken in four
//! ways, and thousands of random mutations that must never panic.

use sanling::base::scorecard::Auto;
use sanling::base::{AgentId, Join, Mos, QueueId, Rng, Strategy, TrunkId, WrapUpKind};
use sanling::config::{
    CallBackFirst, CallBackRule, Config, ConfigError, OverflowConfig, PreferredRule, PromptFolder, PromptInventory, QueueConfig,
    SourceFile, WhoElse, Widening, examine, resolve,
};
use std::path::Path;

const SHIPPED: [&str; 7] = ["agents.toml", "queues.toml", "routing.toml", "rules.toml", "scorecards.toml", "switch.toml", "users.toml"];

fn shipped() -> Vec<SourceFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a shipped file");
    SHIPPED.iter().map(|name| SourceFile { path: format!("config/{name}"), text: read(name) }).collect()
}

fn prompts() -> PromptInventory {
    PromptInventory::complete(&["zh-CN", "en-US"])
}

fn errors_of(files: &[SourceFile], overrides: &[&str]) -> Vec<ConfigError> {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    resolve(files, &overrides, &prompts()).err().unwrap_or_default()
}

/// The errors of the shipped configuration with `from` replaced by `to` in `file`, in full.
fn with(file: &str, from: &str, to: &str) -> String {
    let mut files = shipped();
    let source = files.iter_mut().find(|source| source.path == format!("config/{file}")).expect("a shipped file");
    assert!(source.text.contains(from), "{file} has {from}");
    source.text = source.text.replacen(from, to, 1);
    in_full(&errors_of(&files, &[]))
}

fn in_full(errors: &[ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

fn shipped_config() -> Config {
    resolve(&shipped(), &[], &prompts()).unwrap_or_else(|errors| panic!("{}", in_full(&errors)))
}

#[test]
fn the_shipped_configuration_is_the_contract_s() {
    let outcome = examine(&shipped(), &[], &prompts());
    assert_eq!(in_full(&outcome.warnings), "");
    let config = shipped_config();
    let agents: Vec<&str> = config.agents.keys().map(AgentId::as_str).collect();
    assert_eq!(agents, ["1000", "1001", "1002", "1003", "1004"]);
    assert_eq!(config.queues.keys().map(QueueId::as_str).collect::<Vec<_>>(), ["service"]);
    assert_eq!((config.media.ports.clone(), config.rules.answer.max_rings), (20_000..=29_999, 3));
    // printf '1001:sanling.local:demo-1001' | md5sum
    assert_eq!(config.agents["1001"].ha1_md5.as_deref(), Some("fa117bb3344c4ef70089bc51133ea861"));
    let routed = |number: &str| config.routes.iter().filter(|route| route.number.matches(number)).count();
    assert_eq!(["95000", "1001", "13812345678", "02012345678", "7"].map(routed), [1, 1, 1, 1, 0]);
}

#[test]
fn errors_show_the_place_and_what_would_be_right() {
    let cases = [
        (
            with("routing.toml", "queue:service\"", "queue:servise\""),
            r#"config/routing.toml:13:6: there is no queue "servise"
   |
13 | to = "queue:servise"
   |      ^^^^^^^^^^^^^^^
   = did you mean "service"?"#,
        ),
        (
            with("rules.toml", "patience = \"7s\"", "patence = \"7s\""),
            r#"config/rules.toml:11:1: there is no key `patence` in `rules.hold`
   |
11 | patence = "7s"
   | ^^^^^^^
   = did you mean `patience`? For example: patience = "7s""#,
        ),
        (
            with("rules.toml", "patience = \"7s\"", "patience = 7"),
            r#"config/rules.toml:11:12: `rules.hold.patience` is a number; it takes a text in double quotes
   |
11 | patience = 7
   |            ^
   = for example: patience = "7s""#,
        ),
        (
            // Wide characters before the place: the mark is as far in as a terminal shows it.
            with("agents.toml", "name = \"1001 号坐席\"\npassword", "name = \"1001 号坐席\"; password"),
            r#"config/agents.toml:24:18: this is not TOML: unexpected key or value, expected newline, `#`
   |
24 | name = "1001 号坐席"; password = "*********"
   |                     ^
   = write KEY = VALUE, texts in double quotes, tables as [table] or [[list]]"#,
        ),
        (
            with("agents.toml", "id = \"1002\"", "id = \"1001\""),
            r#"config/agents.toml:32:6: there are two of agent "1001"
   |
32 | id = "1001"
   |      ^^^^^^
   = the first stands at config/agents.toml:23:6
   = each agent has an id of its own"#,
        ),
        (
            with("switch.toml", "listen = [\"udp:127.0.0.1:5060\"", "listen = [\"udp:0.0.0.0:5060\""),
            r#"config/switch.toml:12:11: 0.0.0.0 is open to the network, and somebody still has a password that everyone knows
   |
12 | listen = ["udp:0.0.0.0:5060", "tcp:127.0.0.1:5060"]   # loopback only: `sanling init` opens a real site to its network
   |           ^^^^^^^^^^^^^^^^^^
   = the password stands at config/agents.toml:17:12
   = `sanling init DIR --listen ADDRESS` writes a configuration with passwords of its own"#,
        ),
        (
            with("switch.toml", "domain = \"sanling.local\"", "language = \"en-US\""),
            r#"config/switch.toml:5:1: `switch.domain` is missing
  |
5 | [switch]
  | ^^^^^^^^
  = for example: domain = "sanling.local"

config/switch.toml:8:1: `language` is given twice
  |
8 | language = "zh-CN"                  # folder of prompts/: zh-CN or en-US
  | ^^^^^^^^
  = first given at config/switch.toml:7:1
  = keep one of the two; a table is opened once in a file"#,
        ),
    ];
    for (shown, expected) in cases {
        assert_eq!(shown, expected, "\n--- shown:\n{shown}\n");
    }
}

#[test]
fn every_error_is_told_not_the_first_alone() {
    let mut files = shipped();
    files[1].text = files[1].text.replace("longest-idle\"", "longest-idel\"").replace("\"0s\"", "\"0\"");
    files[3].text = files[3].text.replace("\"cn\"", "\"cm\"").replace("max_rings = 3", "max_rings = 0");
    files[5].text = files[5].text.replace("pcma", "pcna").replace("20000-29999", "20001-29999");
    let places: Vec<String> = errors_of(&files, &[]).iter().map(|error| format!("{}:{}", error.path, error.line)).collect();
    let expected = ["queues.toml:28", "queues.toml:29", "rules.toml:5", "rules.toml:6", "switch.toml:23", "switch.toml:24"];
    assert_eq!(places, expected.map(|place| format!("config/{place}")));
}

#[test]
fn a_script_that_cannot_be_said_is_refused_with_what_would_be_right() {
    let dialect = "steps = [\"say:dialect_ask\"";
    for (from, to, message, remedy) in [
        (dialect, "steps = [\"release\", \"say:dialect_ask\"", "releases the caller: nobody is hung up on for how he speaks", "queue:ID"),
        (dialect, "steps = [\"sing:dialect_ask\"", "\"sing:dialect_ask\" is no step of a script", "say:PROMPT, wait:DURATION"),
        (dialect, "steps = [\"say:dialect_aks\"", "there is no prompt \"dialect_aks\"", "did you mean \"dialect_ask\"?"),
        (dialect, "steps = [\"wait:0s\", \"say:dialect_ask\"", "\"0s\" is out of bounds", "from \"1s\" to \"10m\""),
        (dialect, "steps = [\"queue:servise\", \"say:dialect_ask\"", "there is no queue \"servise\"", "did you mean \"service\"?"),
        ("code = \"**2\"", "code = \"*2\"", "\"*2\" is no code of a script", "two stars and a digit"),
        ("code = \"**2\"", "code = \"**1\"", "\"**1\" begins another script already", "a code of its own"),
        ("id = \"faint\"", "id = \"silent\"", "there are two of rules.script \"silent\"", "an id of its own"),
        ("[rules.farewell]\nprompt = \"goodbye\"\nwait = \"10s\"", "", "a survey without a farewell is never asked", "[rules.farewell]"),
        ("highest = 3", "highest = 10", "10 is out of bounds", "from 2 to 9"),
        ("code = \"**2\"", "measured = \"faint\"", "a measurement begins would release the caller", "may_release = true"),
        ("code = \"**2\"", "measured = \"quiet\"", "there is no measurement \"quiet\"", "known: faint, noisy"),
        ("code = \"**2\"", "may_release = true", "is of scripts that a measurement begins", "add measured"),
        ("faint_below = -38", "faint_below = 38", "38 is no level of speech", "from -60 to -3"),
        ("faint_below = -38", "faint_below = -10", "nothing is fair", "faint_below = -38"),
        ("noise_within = 10", "noise_within = 0", "0 is out of bounds", "from 1 to 40"),
        (
            "[rules.sound]",
            "[rules.greeting]\nzone = \"Asia/Shangai\"\n[rules.sound]",
            "no time zone \"Asia/Shangai\"",
            "did you mean \"Asia/Shanghai\"?",
        ),
        (
            "[rules.sound]",
            "[rules.greeting]\nagent = \"nobody\"\n[rules.sound]",
            "no naming of the agent \"nobody\"",
            "known: named, not-named",
        ),
        ("[rules.sound]", "[rules.greeting.by_time]\nnoon = \"greeting_nun\"\n[rules.sound]", "no prompt \"greeting_nun\"", "did you mean"),
    ] {
        let shown = with("rules.toml", from, to);
        assert!(shown.contains(message) && shown.contains(remedy), "{message}: {remedy}\n--- shown:\n{shown}");
    }
}

#[test]
fn a_key_in_two_files_names_both_places() {
    let mut files = shipped();
    files.push(SourceFile { path: "config/z.toml".into(), text: "[switch]\nname = \"a\"\n[rules.hold]\npatience = \"8s\"\n".into() });
    assert_eq!(
        in_full(&errors_of(&files, &[])),
        r#"config/z.toml:2:1: `switch.name` is given twice
  |
2 | name = "a"
  | ^^^^
  = first given at config/switch.toml:6:1
  = keep one of the two: all *.toml files of the folder are read as one

config/z.toml:4:1: `rules.hold.patience` is given twice
  |
4 | patience = "8s"
  | ^^^^^^^^
  = first given at config/rules.toml:11:1
  = keep one of the two: all *.toml files of the folder are read as one"#
    );
}

#[test]
fn tables_may_be_split_over_files_and_lists_are_put_end_to_end() {
    let mut files = shipped();
    let more = "[switch]\ndrain = \"5s\"\n[[agent]]\nid = \"1005\"\npassword = \"demo-1005\"\n";
    files.push(SourceFile { path: "config/z.toml".into(), text: more.into() });
    let config = resolve(&files, &[], &prompts()).unwrap_or_else(|errors| panic!("{}", in_full(&errors)));
    assert_eq!((config.agents.len(), config.switch.drain.as_secs()), (6, 5));
}

#[test]
fn an_override_replaces_one_key_and_its_errors_say_so() {
    let set = |text: &str| resolve(&shipped(), &[text.to_owned()], &prompts());
    let config = set(r#"sip.listen=["udp:127.0.0.1:5070"]"#).expect("a right override");
    assert_eq!(config.sip.listen.len(), 1);
    assert_eq!(config.sip.listen[0].address.port(), 5070);
    let shown = |text: &str| in_full(&set(text).expect_err("a wrong override"));
    assert_eq!(
        shown("rules.hold.patience=\"7x\""),
        "--set:1:21: \"7x\" is no duration\n  |\n1 | rules.hold.patience=\"7x\"\n  |                     ^^^^\n  \
         = a whole number and ms, s, m or h: \"500ms\", \"7s\", \"2m\", \"1h\""
    );
    for (text, start) in [
        ("switch.nmae=\"x\"", "--set:1:8: there is no key `nmae`"),
        ("switch.name=x", "--set:1:13: this is not TOML"),
        ("switch.name", "--set:1:"),
        ("", "--set:1:1: "),
        ("a=1\nb=2", "--set:1:1: "),
        ("agent.id=\"1001\"", "--set:1:1: `agent` is a table; it takes a list"),
    ] {
        assert!(shown(text).lines().any(|line| line.starts_with(start)), "{text}: {}", shown(text));
    }
}

#[test]
fn missing_and_unreadable_prompts_are_errors_of_check() {
    let mut prompts = prompts();
    let folder = prompts.folders.get_mut("zh-CN").expect("a language");
    folder.readable.remove("patience");
    folder.readable.remove("welcome");
    folder.unreadable.insert("welcome".into(), "not a WAV".into());
    prompts.folders.remove("music");
    let messages = |prompts: &PromptInventory| {
        resolve(&shipped(), &[], prompts)
            .expect_err("prompts lack")
            .into_iter()
            .map(|error| (error.line, error.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        messages(&prompts),
        [
            (8, "prompts/zh-CN/ lacks patience.wav".to_owned()),
            (8, "prompts/zh-CN/welcome.wav cannot be read: not a WAV".to_owned()),
            (8, "prompts/music/ lacks hold.wav".to_owned()),
        ]
    );
    let only_english = PromptInventory { folders: [("en-US".to_owned(), PromptFolder::default())].into() };
    assert_eq!(messages(&only_english)[0].1, "there is no folder of prompts for the language \"zh-CN\"");
}

/// What each mistake must answer; the rest of the line is the test's to make.
#[test]
fn each_kind_of_mistake_has_its_answer() {
    let cases = [
        ("routing.toml", "number = \"95000\"", "number = \"9500x\"", 11, "did you mean \"9500X\"?"),
        ("routing.toml", "number = \"95000\"", "number = \".5000\"", 11, "stands last"),
        ("routing.toml", "number = \"95000\"", "number = \"*11\"", 11, "are built in"),
        ("routing.toml", "number = \"95000\"", "number = \"\"", 11, "digits, or a pattern"),
        ("routing.toml", "number = \"95000\"", "number = \"hotline\"", 11, "'h' is in no number"),
        ("routing.toml", "queue:service", "menu:main", 13, "none is configured"),
        ("routing.toml", "queue:service", "reject:200", 13, "400 to 699"),
        ("routing.toml", "\"queue:service\"", "[\"queue:service\", \"trunk:carrier\"]", 13, "one that is no trunk stands alone"),
        ("routing.toml", "\"queue:service\"", "[\"trunk:carrier:1\", \"trunk:carrier:2\"]", 13, "ways to the same number"),
        ("routing.toml", "\"queue:service\"", "[]", 13, "one destination, or several trunks"),
        ("routing.toml", "queue:service", "trunk:carrier:12a", 13, "digits, after a plus or not"),
        ("routing.toml", "to = \"queue:service\"", "to = \"queue:service\"\ncalendar = \"ofice\"", 14, "none is configured"),
        ("routing.toml", "to = \"queue:service\"", "to = \"queue:service\"\nclosed = \"play:closed\"", 14, "name it: calendar"),
        ("routing.toml", "queue:service", "play:closd", 13, "did you mean \"closed\"?"),
        ("routing.toml", "queue:service", "play:music/hald", 13, "did you mean \"music/hold\"?"),
        ("routing.toml", "queue:service", "agent:1009", 13, "did you mean \"1000\"?"),
        ("routing.toml", "queue:service", "queu:service", 13, "did you mean \"queue\"?"),
        ("routing.toml", "queue:service", "queue", 13, "queue:NAME"),
        ("routing.toml", "from = \"any\"", "from = \"interal\"", 12, "did you mean \"internal\"?"),
        ("routing.toml", "number = \"95000\"", "number = \"1XXXXXXXXXX\"", 28, "put this one first"),
        ("routing.toml", "[\"127.0.0.0/8\"]", "[\"127.0.0.0/64\"]", 53, "192.0.2.0/24"),
        ("routing.toml", "sip:127.0.0.1:5090", "127.0.0.1:5090", 52, "sip:HOST"),
        ("routing.toml", "hosts = [\"sip:127.0.0.1:5090\"]", "hosts = []", 25, "give the trunk `hosts`"),
        ("agents.toml", "service = 5", "service = 10", 27, "1 (beginner) to 9"),
        ("agents.toml", "id = \"1001\"", "id = \"10 01\"", 23, "1 to 15 digits"),
        ("agents.toml", "role = \"agent\"", "role = \"agnet\"", 28, "did you mean \"agent\"?"),
        ("agents.toml", "\"on-register\"", "\"on_register\"", 29, "did you mean \"on-register\"?"),
        ("agents.toml", "password = \"demo-1001\"\n", "", 22, "`password`, or"),
        ("agents.toml", "password = \"demo-1001\"", "ha1_md5 = \"12\"", 25, "32 hexadecimal digits"),
        ("agents.toml", "team = \"service\"\nskills", "ha1_md5 = \"0123456789abcdef0123456789abcdef\"\nskills", 26, "keep one"),
        ("agents.toml", "team = \"service\"\nskills", "rank = 0\nskills", 26, "from 1 to 9999"),
        ("agents.toml", "role = \"agent\"", "weight = 0", 28, "from 1 to 100"),
        ("scorecards.toml", "id = \"service\"\n", "", 13, "id = \"service\""),
        ("scorecards.toml", "version = 1\n", "", 13, "version = 1"),
        ("scorecards.toml", "version = 1", "version = 0", 15, "from 1 to 9999"),
        ("scorecards.toml", "pass = 85", "pass = 101", 17, "from 1 to 100"),
        ("scorecards.toml", "title = { zh = \"接听与问候\", en", "title = { cn = \"接听与问候\", en", 21, "did you mean `en`?"),
        ("scorecards.toml", "title = { zh = \"接听与问候\", en = \"Answer and greeting\" }", "title = {}", 21, "or one text for both"),
        ("scorecards.toml", "\"接听与问候\"", "\"\"", 21, "1 to 500 characters"),
        ("scorecards.toml", "id = \"greeting-in-time\"", "id = \"three-rings\"", 30, "each item has an id of its own"),
        ("scorecards.toml", "weight = 5\n", "", 23, "weight = 10"),
        ("scorecards.toml", "weight = 5", "weight = 0", 26, "from 1 to 100"),
        ("scorecards.toml", "auto = \"three-rings\"", "auto = \"three-ring\"", 27, "did you mean \"three-rings\"?"),
        ("scorecards.toml", "script:dialect", "script:dialekt", 66, "did you mean \"dialect\"?"),
        ("scorecards.toml", "kind = \"points\"", "kind = \"point\"", 40, "did you mean \"points\"?"),
        ("scorecards.toml", "points = 5\n", "", 40, "points = 5"),
        ("scorecards.toml", "points = 5", "points = 101", 41, "from 1 to 100"),
        ("scorecards.toml", "kind = \"points\"\n", "", 40, "say kind = \"points\""),
        ("scorecards.toml", "id = \"weekly\"", "id = \"every week\"", 161, "letters a to z"),
        ("scorecards.toml", "scorecard = \"service\"", "scorecard = \"servise\"", 162, "did you mean \"service\"?"),
        ("scorecards.toml", "per_agent = 3", "per_agent = 51", 163, "from 1 to 50"),
        ("scorecards.toml", "every = \"week\"", "every = \"month\"", 164, "known: week, day"),
        ("scorecards.toml", "longer = \"30s\" }", "queue = \"servise\" }", 165, "did you mean \"service\"?"),
        ("scorecards.toml", "longer = \"30s\" }", "team = \"servise\" }", 165, "did you mean \"service\"?"),
        ("scorecards.toml", "longer = \"30s\" }", "broken = \"promises\" }", 165, "did you mean \"promise\"?"),
        ("scorecards.toml", "longer = \"30s\" }", "longer = \"30s\", shorter = \"20s\" }", 165, "`longer` is the least"),
        ("scorecards.toml", "to = [\"li-qa\"]", "to = [\"li-aq\"]", 166, "did you mean \"li-qa\"?"),
        ("scorecards.toml", "to = [\"li-qa\"]", "to = [\"ops\"]", 166, "qa, supervisor or admin"),
        ("scorecards.toml", "to = [\"li-qa\"]", "to = []", 160, "to = [\"li-qa\"]"),
        ("users.toml", "id = \"ops\"", "id = \"o p s\"", 31, "letters a to z"),
        ("users.toml", "id = \"ops\"\n", "", 30, "id = \"li-qa\""),
        ("users.toml", "id = \"ops\"", "id = \"li-qa\"", 31, "each user has an id of its own"),
        ("users.toml", "id = \"ops\"", "id = \"token\"", 31, "give him another id"),
        ("users.toml", "name = \"运维\"", "name = \" \"", 32, "1 to 64 characters"),
        ("users.toml", "role = \"operator\"", "role = \"oparator\"", 33, "did you mean \"operator\"?"),
        ("users.toml", "role = \"operator\"\n", "", 30, "role = \"qa\""),
        ("users.toml", "role = \"operator\"", "role = \"agent\"", 33, "agent = \"1001\""),
        ("users.toml", "role = \"operator\"", "role = \"operator\"\nagent = \"1009\"", 34, "did you mean \"1000\"?"),
        ("users.toml", "role = \"operator\"", "role = \"operator\"\nlanguage = \"cn\"", 34, "\"en\""),
        ("users.toml", "role = \"operator\"", "rule = \"operator\"", 33, "did you mean `role`?"),
        ("users.toml", "password = \"demo-ops\"\n", "", 30, "$argon2id$"),
        ("users.toml", "demo-ops", "demo-li-qa", 34, "`sanling hash-password`"),
        ("users.toml", "demo-ops", "secret", 34, "`sanling hash-password`"),
        ("users.toml", "demo-ops", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", 34, "`sanling hash-password`"),
        ("users.toml", "demo-ops", "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyAuLg", 34, "`sanling hash-password`"),
        ("users.toml", "\"12h\"", "\"30s\"", 48, "from \"1m\" to \"31d\""),
        ("users.toml", "\"12h\"", "\"8d\"", 48, "as long or shorter"),
        ("users.toml", "\"12h\"", "\"half a day\"", 48, "\"15m\""),
        ("users.toml", "\"7d\"", "\"367d\"", 49, "to \"366d\""),
        ("users.toml", "\"admin\"]", "\"admim\"]", 50, "did you mean \"admin\"?"),
        ("queues.toml", "longest-idle\"\n", "longest-idel\"\n", 28, "did you mean \"longest-idle\"?"),
        ("queues.toml", "longest-idle\"\n", "ring-all\"\nring_at_once = 51\n", 29, "from 1 to 50"),
        ("queues.toml", "longest-idle\"\n", "ring-progressively\"\nring_step = \"500ms\"\n", 29, "from \"1s\" to \"1m\""),
        ("routing.toml", "to = \"queue:service\"", "to = \"queue:service\"\nskills = {}", 14, "skills = { english = 3 }"),
        ("routing.toml", "to = \"queue:service\"", "to = \"queue:service\"\nskills = { service = 10 }", 14, "1 (beginner) to 9"),
        ("routing.toml", "to = \"queue:service\"", "to = \"queue:service\"\nskills = { english = 3 }", 14, "skills = { …, english = 3 }"),
        ("routing.toml", "to = \"queue:service\"", "to = \"queue:service\"\nskills = { service = 6 }", 14, "or ask for less"),
        ("routing.toml", "to = \"queue:service\"", "to = \"play:closed\"\nskills = { service = 3 }", 14, "to a menu that leads to one"),
        ("queues.toml", "skill = \"service\"\n", "", 25, "skills = { billing = 3, english = 5 }"),
        ("queues.toml", "skill = \"service\"\n", "skills = {}\n", 27, "skills = { billing = 3, english = 5 }"),
        ("queues.toml", "skill = \"service\"\n", "skills = { service = 0 }\n", 27, "1 (beginner) to 9"),
        ("queues.toml", "wrap_up = \"0s\"", "skills = { service = 1 }", 27, "keep one of the two"),
        ("queues.toml", "wrap_up = \"0s\"", "ageing = \"0s\"", 29, "from \"1s\""),
        ("queues.toml", "wrap_up = \"0s\"", "weight = 101", 29, "from 1 to 100"),
        ("queues.toml", "wrap_up = \"0s\"", "capacity = 0", 29, "from 1 to 10000"),
        ("queues.toml", "wrap_up = \"0s\"", "join = \"loged-on\"", 29, "did you mean \"logged-on\"?"),
        ("queues.toml", "wrap_up = \"0s\"", "max_wait = \"25h\"", 29, "to \"24h\""),
        ("queues.toml", "wrap_up = \"0s\"", "preferred = \"20s\"", 29, "within = \"24h\", wait = \"20s\""),
        ("queues.toml", "wrap_up = \"0s\"", "preferred = { wiat = \"20s\" }", 29, "did you mean `wait`?"),
        ("queues.toml", "wrap_up = \"0s\"", "preferred = { wait = \"0s\" }", 29, "from \"1s\" to \"1h\""),
        ("queues.toml", "wrap_up = \"0s\"", "widen = \"30s\"", 29, "[[queue.widen]]"),
        ("queues.toml", "wrap_up = \"0s\"", "[[queue.widen]]\nadd = \"team:service\"", 29, "after = \"30s\""),
        ("queues.toml", "wrap_up = \"0s\"", "[[queue.widen]]\nafter = \"30s\"", 29, "lower what is asked for"),
        (
            "queues.toml",
            "wrap_up = \"0s\"",
            "[[queue.widen]]\nafter = \"30s\"\nadd = \"second\"",
            31,
            "\"team:second\" or \"skill:second\"",
        ),
        ("queues.toml", "wrap_up = \"0s\"", "[[queue.widen]]\nafter = \"30s\"\nadd = \"group:x\"", 31, "\"team:x\" or \"skill:x\""),
        ("queues.toml", "wrap_up = \"0s\"", "[[queue.widen]]\nafter = \"30s\"\nskills = { sales = 1 }", 31, "add = \"skill:sales\""),
        ("queues.toml", "wrap_up = \"0s\"", "[[queue.widen]]\nafter = \"30s\"\nskills = { service = 2 }", 31, "at most 1"),
        (
            "queues.toml",
            "wrap_up = \"0s\"",
            "[[queue.widen]]\nafter = \"30s\"\nadd = \"team:service\"\n[[queue.widen]]\nafter = \"30s\"\nadd = \"skill:service\"",
            33,
            "each step comes later",
        ),
        ("rules.toml", "max = \"2m\"", "max = \"5s\"", 26, "from \"10s\" to \"15m\""),
        ("rules.toml", "max = \"2m\"", "keys = \"hidden\"", 26, "known: hidden-in-pauses, always-hidden"),
        ("rules.toml", "patience = \"7s\"", "patience = \"999ms\"", 11, "from \"1s\" to \"1h\""),
        ("rules.toml", "\"silent_ask\"", "\"silent_aks\"", 21, "did you mean \"silent_ask\"?"),
        ("rules.toml", "after_missed = \"not-ready\"", "after_missed = \"redy\"", 7, "did you mean \"ready\"?"),
        ("rules.toml", "after_missed = \"not-ready\"", "missed = { after = 2, then = \"log-of\" }", 7, "did you mean \"log-off\"?"),
        ("rules.toml", "max_rings = 3", "missed = { after = 2, then = \"ready\" }", 5, "keep one of the two"),
        ("rules.toml", "after_missed = \"not-ready\"", "busy = { after = 101 }", 7, "from 0 to 100"),
        ("rules.toml", "after_missed = \"not-ready\"", "busy = 3", 7, "for example: busy = { after = 3"),
        ("queues.toml", "[[queue]]", "[[reason]]\nname = \"A break\"\n[[queue]]", 25, "id = \"break\""),
        ("queues.toml", "[[queue]]", "[[reason]]\nid = \"missed\"\n[[queue]]", 26, "another id"),
        ("queues.toml", "[[queue]]", "[[reason]]\nid = \"break\"\n[[reason]]\nid = \"break\"\n[[queue]]", 28, "an id of its own"),
        ("queues.toml", "[[queue]]", "[[reason]]\nid = \"break\"\ncode = \"16\"\n[[queue]]", 27, "such as \"*16\""),
        ("queues.toml", "[[queue]]", "[[reason]]\nid = \"break\"\ncode = \"*141\"\n[[queue]]", 27, "no code begins with another"),
        (
            "queues.toml",
            "[[queue]]",
            "[[reason]]\nid = \"a\"\ncode = \"*90\"\n[[reason]]\nid = \"b\"\ncode = \"*901\"\n[[queue]]",
            30,
            "no code begins",
        ),
        ("queues.toml", "wrap_up = \"0s\"", "overflow = [\"queue:service\"]", 29, "play:closed"),
        (
            "queues.toml",
            "wrap_up = \"0s\"",
            "overflow = [\"queue:b\"]\n[[queue]]\nid = \"b\"\nskill = \"service\"\noverflow = [\"queue:service\"]",
            33,
            "let a chain end",
        ),
        ("queues.toml", "wrap_up = \"0s\"", "overflow = [\"play:closed\", \"reject:486\"]", 29, "takes everybody last"),
        ("queues.toml", "wrap_up = \"0s\"", "overflow_full = [\"queue:servise\"]", 29, "did you mean \"service\"?"),
        ("queues.toml", "wrap_up = \"0s\"", "overflow_expired = [\"agent\"]", 29, "agent:1001"),
        ("queues.toml", "wrap_up = \"0s\"", "announce = { every = \"1s\" }", 29, "from \"5s\""),
        ("queues.toml", "wrap_up = \"0s\"", "music = \"music/holt\"", 29, "did you mean"),
        ("queues.toml", "wrap_up = \"0s\"", "wrap_up_kind = \"until-dun\"", 29, "did you mean \"until-done\"?"),
        ("queues.toml", "wrap_up = \"0s\"", "wrap_up_kind = \"mandatory\"", 29, "wrap_up = \"2m\""),
        ("switch.toml", "# dns = [\"192.0.2.53:53\"]", "dns = [\"ns.example\"]", 20, "192.0.2.53:53"),
        ("routing.toml", "\"127.0.0.0/8\"", "\"sip:192.0.2.7\"", 53, "as `hosts` has it"),
        ("switch.toml", "\"20000-29999\"", "\"20000-30000\"", 23, "end at 29999"),
        ("switch.toml", "\"20000-29999\"", "\"20000-20001\"", 23, "at least four"),
        ("switch.toml", "\"20000-29999\"", "\"5000-5999\"", 12, "ports of their own"),
        ("switch.toml", "\"20000-29999\"", "20000", 23, "for example: ports"),
        ("switch.toml", "udp:127.0.0.1:5060", "wss:127.0.0.1:5061", 12, "not built yet"),
        ("switch.toml", "udp:127.0.0.1:5060", "tls:127.0.0.1:5061", 12, "[tls] certificate ="),
        ("switch.toml", "[media]", "[tls]\nkey = \"k.pem\"\n[media]", 23, "give both `certificate` and `key`"),
        ("switch.toml", "ports =", "srtp = \"on\"\nports =", 23, "known: off, optional, required"),
        ("switch.toml", "ports =", "srtp_suites = [\"AES_128\"]\nports =", 23, "known: AEAD_AES_128_GCM"),
        ("switch.toml", "[media]", "forwarding = \"hose\"\n[media]", 22, "did you mean \"house\"?"),
        ("switch.toml", "[media]", "service_route = [\"sip:192.0.2.5\"]\n[media]", 22, "sip:192.0.2.5;lr"),
        ("switch.toml", "[media]", "service_route = [\"sip:a>b;lr\"]\n[media]", 22, "sip:192.0.2.5;lr"),
        ("agents.toml", "role = \"agent\"", "auto_answer = \"yes\"", 28, "known: off, answer-mode, call-info, alert-info, all"),
        ("switch.toml", "\"opus\"]", "\"opus\", \"silk-wb\"]", 24, "known: pcma, pcmu, g722, opus"),
        ("switch.toml", "\"pcmu\", \"g722\", \"opus\"]", "\"pcma\"]", 24, "keep one of the two"),
        ("agents.toml", "id = \"1001\"", "id = \"1001\"\ncodecs = [\"opos\"]", 24, "did you mean \"opus\"?"),
        ("agents.toml", "id = \"1001\"", "id = \"1001\"\ncodecs = [\"opus\", \"opus\"]", 24, "keep one of the two"),
        ("agents.toml", "id = \"1001\"", "id = \"1001\"\ncodecs = []", 22, "for example: codecs = [\"opus\", \"pcma\"]"),
        ("agents.toml", "id = \"1001\"", "id = \"1001\"\ncodecs = \"opus\"", 24, "for example: codecs = [\"opus\", \"pcma\"]"),
        ("routing.toml", "accept_from =", "codecs = [\"pcma\", \"pcma\"]\naccept_from =", 53, "keep one of the two"),
        ("routing.toml", "accept_from =", "codecs = []\naccept_from =", 50, "for example: codecs = [\"pcma\", \"pcmu\"]"),
        ("routing.toml", "sip:127.0.0.1:5090", "sip:127.0.0.1;transport=tls", 51, "\"tls:ADDRESS:5061\" to sip.listen"),
        ("routing.toml", "accept_from =", "accept_certificate = \"a b\"\naccept_from =", 53, "sbc.carrier.example"),
        ("switch.toml", "udp:127.0.0.1:5060", "tcp:127.0.0.1:5060", 12, "keep one of the two"),
        ("switch.toml", "udp:127.0.0.1:5060", "tcp:127.0.0.1:8080", 29, "addresses of their own"),
        ("switch.toml", "\"127.0.0.1:8080\"", "\"[::]:8080\"", 29, "sanling init"),
        ("switch.toml", "\"zh-CN\"", "\"zh-TW\"", 8, "known: en-US, zh-CN"),
        ("switch.toml", "\"sanling.local\"", "\"sanling local\"", 7, "host name"),
        ("switch.toml", "recordings = \"recordings\"", "recordings = \"data\"", 33, "folder of its own"),
        ("switch.toml", "recordings = \"ever\"", "recordings = \"90\"", 38, "1d to 36500d"),
        ("switch.toml", "records = \"ever\"", "records = \"2y\"", 39, "1d to 36500d"),
        ("switch.toml", "free_space = \"1GB\"", "free_space = \"1\"", 41, "1% to 90%"),
        ("switch.toml", "free_space = \"1GB\"", "free_space = \"95%\"", 41, "1% to 90%"),
        ("switch.toml", "[storage]", "[storages]", 31, "did you mean `storage`?"),
        ("switch.toml", "[storage]", "patience = 3\n[storage]", 31, "`patience` belongs in `rules.hold`"),
    ];
    let mut unanswered = Vec::new();
    for (file, from, to, line, remedy) in cases {
        let mut files = shipped();
        let source = files.iter_mut().find(|source| source.path == format!("config/{file}")).expect("a shipped file");
        assert!(source.text.contains(from), "{file} has {from}");
        source.text = source.text.replacen(from, to, 1);
        let errors = errors_of(&files, &[]);
        let found = errors.iter().any(|error| error.path.ends_with(file) && error.line == line && error.remedy.contains(remedy));
        if !found {
            unanswered.push(format!("{from} → {to} at {file}:{line}: {remedy}\n{}", in_full(&errors)));
        }
    }
    assert!(unanswered.is_empty(), "{}", unanswered.join("\n---\n"));
}

#[test]
fn a_hash_that_is_none_or_cannot_be_borne_says_which_and_is_not_shown() {
    let shown = |password: &str| with("users.toml", "demo-ops", password);
    let salt_and_hash = "c2l4dGVlbiBieXRlcyAuLg$mIuCnqLPjVJpnnSKPM1KbQF5P9O3ZvXrz2Qp5pDb7jE";
    assert_eq!(shown(&format!("$argon2id$v=19$m=19456,t=2,p=1${salt_and_hash}")), "");
    for (password, message) in [
        ("secret", "the password of user \"ops\" could be read by whoever reads this file"),
        ("$argon2i$v=19$m=19456,t=2,p=1$SALT", "this is no hash of argon2id: it is one of argon2i"),
        ("$argon2id$v=19$m=19456,t=2,p=1$SALT", "this is no hash of argon2id: it is cut short"),
        ("$argon2id$v=19$m=4096,t=2,p=1$SALT", "m=4096,t=2,p=1 of this hash are out of bounds: m from 7168 to 262144, t to 16, p to 8"),
        ("$argon2id$v=19$m=4194304,t=2,p=1$SALT", "m=4194304,t=2,p=1 of this hash are out of bounds"),
        ("$argon2id$v=19$m=19456,t=99,p=1$SALT", "m=19456,t=99,p=1 of this hash are out of bounds"),
        ("$", "this is no hash of argon2id: "),
    ] {
        let password = if message.contains("cut short") {
            password.replace("$SALT", "$c2l4dGVlbiBieXRlcyAuLg")
        } else {
            password.replace("SALT", salt_and_hash)
        };
        let told = shown(&password);
        assert!(told.starts_with(&format!("config/users.toml:34:12: {message}")), "{told}");
        assert!(told.contains("34 | password = \"") && !told.contains("mIuCnqLP") && !told.contains("= \"secret"), "{told}");
    }
}

#[test]
fn no_file_of_users_is_no_error_and_nobody_signs_in() {
    let files: Vec<SourceFile> = shipped().into_iter().filter(|file| !file.path.ends_with("users.toml")).collect();
    let config = resolve(&files, &[], &prompts()).unwrap_or_else(|errors| panic!("{}", in_full(&errors)));
    assert!(config.users.is_empty());
    assert_eq!(config.access, shipped_config().access);
}

#[test]
fn a_users_demo_password_keeps_the_switch_on_loopback_too() {
    let mut files = shipped();
    files[0].text = files[0].text.replace("password = \"demo-", "password = \"own-");
    assert_eq!(in_full(&errors_of(&files, &["http.listen=\"127.0.0.1:0\""])), "");
    let told = in_full(&errors_of(&files, &["http.listen=\"0.0.0.0:8080\""]));
    assert!(told.contains("0.0.0.0 is open to the network, and somebody still has a password that everyone knows"), "{told}");
    assert!(told.contains("the password stands at config/users.toml:15:12"), "{told}");
}

#[test]
fn pages_in_clear_on_a_network_are_warned_of_and_over_tls_they_want_a_certificate() {
    let mut files = shipped();
    files[0].text = files[0].text.replace("password = \"demo-", "password = \"own-");
    files.pop().expect("the users");
    let warned = |overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
        let outcome = examine(&files, &overrides, &prompts());
        (outcome.config.map(|config| config.http.tls).map_err(|errors| in_full(&errors)), in_full(&outcome.warnings))
    };
    assert!(!warned(&[]).1.contains("in clear"));
    let (config, told) = warned(&["http.listen=\"192.0.2.1:8080\""]);
    assert!(config == Ok(false) && told.contains("recordings go over this network in clear") && told.contains("`tls = true`"), "{told}");
    let tls = ["http.listen=\"192.0.2.1:8080\"", "http.tls=true", "tls.certificate=\"own.pem\"", "tls.key=\"own-key.pem\""];
    let (config, told) = warned(&tls);
    assert!(!told.contains("in clear") && !told.contains("nothing listens over TLS"), "{told}");
    assert_eq!(config, Ok(true));
    let (refused, _) = warned(&tls[..2]);
    assert!(refused.expect_err("no certificate").contains("over TLS it listens with a certificate, and none is given"));
}

#[test]
fn mistakes_in_a_calendar_have_their_answers() {
    let calendar = |text: &str| {
        let mut files = shipped();
        files.push(SourceFile { path: "config/hours.toml".into(), text: text.into() });
        in_full(&errors_of(&files, &[]))
    };
    let good = "[[calendar]]\nid = \"office\"\nzone = \"Asia/Shanghai\"\nopen = { mon = [\"09:00-18:00\"] }\n\
                [[calendar.exception]]\ndate = \"2026-10-01\"\nuntil = \"2026-10-07\"\n";
    assert_eq!(calendar(good), "");
    for (from, to, line, remedy) in [
        ("Asia/Shanghai", "Asia/Shanghia", 3, "did you mean \"Asia/Shanghai\"?"),
        ("zone = \"Asia/Shanghai\"\n", "", 1, "zone = \"Asia/Shanghai\""),
        ("09:00-18:00", "9-18", 4, "two times of one day"),
        ("09:00-18:00", "22:00-06:00", 4, "a night is two"),
        ("mon", "monday", 4, "known here: mon, tue"),
        ("2026-10-01", "01.10.2026", 6, "year, month and day"),
        ("2026-10-01", "2026-02-30", 6, "year, month and day"),
        ("2026-10-07", "2026-09-07", 7, "the last day of the exception"),
        ("date = \"2026-10-01\"\n", "", 5, "date = \"2026-10-01\""),
        ("open = { mon = [\"09:00-18:00\"] }\n", "", 1, "open = {"),
        ("id = \"office\"\n", "", 1, "id = \"office\""),
    ] {
        let told = calendar(&good.replacen(from, to, 1));
        assert!(told.starts_with(&format!("config/hours.toml:{line}:")) && told.contains(remedy), "{from} → {to}: {told}");
    }
    assert!(calendar(&format!("{good}{good}")).contains("each calendar has an id of its own"));
}

#[test]
fn mistakes_in_menus_boxes_and_trunks_have_their_answers() {
    let told = |text: &str| {
        let mut files = shipped();
        files.push(SourceFile { path: "config/menus.toml".into(), text: text.into() });
        in_full(&errors_of(&files, &[]))
    };
    let menu = "[[menu]]\nid = \"main\"\nprompt = \"welcome\"\nkeys = { 1 = \"queue:service\", 9 = \"language:en-US\", \"*\" = \"again\" }\n\
                otherwise = \"message:desk\"\n";
    let message_box = "[[message_box]]\nid = \"desk\"\nowner = \"team:service\"\ngreeting = \"closed\"\n";
    let trunk = "[[trunk]]\nid = \"other\"\nhosts = [\"sip:a.example;priority=1;weight=3\"]\nuser = \"u\"\npassword = \"p\"\nregister = true\n\
                 caller_shown = \"behind-account\"\ncaller = \"02012345678\"\nping = \"30s\"\nchannels = 30\ntry_for = \"6s\"\n";
    let good = format!("{menu}{message_box}{trunk}");
    assert_eq!(told(&good), "");
    for (from, to, line, remedy) in [
        ("1 = \"queue", "11 = \"queue", 4, "one of 0 to 9, * and #"),
        ("queue:service", "queue:servise", 4, "did you mean \"service\"?"),
        ("queue:service", "agent", 4, "say which: \"agent:1001\""),
        ("queue:service", "trunk:carrier", 4, "say which is to be called"),
        ("language:en-US", "language:en", 4, "zh-CN"),
        ("prompt = \"welcome\"\n", "", 1, "prompt = \"welcome\""),
        ("otherwise = \"message:desk\"", "otherwise = \"message:dask\"", 5, "did you mean \"desk\"?"),
        ("otherwise = \"message:desk\"", "otherwise = \"menu:main\"", 5, "let one of them lead to a queue"),
        ("otherwise", "timeout = \"0s\"\notherwise", 5, "from \"1s\""),
        ("team:service", "team:servce", 8, "did you mean \"service\"?"),
        ("team:service", "agent:1009", 8, "\"1000\""),
        ("team:service", "nobody", 8, "an agent or a team"),
        ("greeting = \"closed\"\n", "", 6, "greeting ="),
        (";weight=3", ";weight=x", 12, ";priority=1 and ;weight=2"),
        ("user = \"u\"\n", "", 13, "both `user` and `password`"),
        ("user = \"u\"\npassword = \"p\"\n", "", 13, "give it `user` and `password`"),
        ("behind-account", "behind", 16, "from, asserted, behind-account"),
        ("\"02012345678\"", "\"020-1234\"", 17, "digits, after a plus or not"),
        ("channels = 30", "channels = 0", 19, "from 1 to"),
    ] {
        let shown = told(&good.replacen(from, to, 1));
        assert!(shown.starts_with(&format!("config/menus.toml:{line}:")) && shown.contains(remedy), "{from} → {to}: {shown}");
    }
    // Two menus that hand a caller who presses nothing to and fro.
    let circle = good.replace("otherwise = \"message:desk\"", "otherwise = \"menu:second\"")
        + "[[menu]]\nid = \"second\"\nprompt = \"welcome\"\nkeys = {}\notherwise = \"menu:main\"\n";
    assert_eq!(told(&circle).matches("without end").count(), 2);
    assert_eq!(with("agents.toml", "id = \"1001\"", "id = \"1001\"\nsuperior = \"1000\""), "");
    assert!(with("agents.toml", "id = \"1001\"", "id = \"1001\"\nsuperior = \"1001\"").contains("his own superior"));
}

#[test]
fn a_recording_source_comes_in_on_a_trunk_that_takes_calls() {
    let source = |trunk: &str| {
        let tables = format!(
            "[[trunk]]\nid = \"branch\"\n{trunk}\n[[recording_source]]\nid = \"shanghai\"\ntrunk = \"branch\"\n\n[[trunk]]\nid = \"carrier\""
        );
        with("routing.toml", "[[trunk]]\nid = \"carrier\"", &tables)
    };
    for takes in ["accept_from = [\"192.0.2.0/24\"]", "accept_from = [\"sip:src.example\"]"] {
        assert_eq!(source(takes), "", "{takes}");
    }
    let told = source("hosts = [\"sip:192.0.2.1\"]");
    assert!(told.contains("nothing comes in on trunk \"branch\"") && told.contains("`accept_from`"), "{told}");
}

#[test]
fn no_route_stands_on_a_code_and_no_code_on_another() {
    let told = |text: &str| {
        let mut files = shipped();
        files.push(SourceFile { path: "config/codes.toml".into(), text: text.into() });
        in_full(&errors_of(&files, &[]))
    };
    let listen = |code: &str| format!("[rules.messages]\nlisten = \"{code}\"\n");
    let route = |number: &str| format!("[[route]]\nnumber = \"{number}\"\nto = \"queue:service\"\n");
    // As long as the house has no reasons of its own, the usual ones have their codes.
    for code in ["*11", "*16", "*17", "*18", "*161"] {
        let shown = told(&listen(code));
        assert!(shown.starts_with("config/codes.toml:2:") && shown.contains("\"*19\" and \"*90\" to \"*99\" are free"), "{code}: {shown}");
    }
    for (number, remedy) in [("*98", "rules.messages.listen"), ("*981", "rules.messages.listen"), ("*98.", "rules.messages.listen")] {
        let shown = told(&route(number));
        assert!(shown.starts_with("config/codes.toml:2:") && shown.contains(remedy), "{number}: {shown}");
    }
    for number in ["*16", "*17", "*18"] {
        let shown = told(&route(number));
        assert!(shown.starts_with("config/codes.toml:2:") && shown.contains("[[reason]]"), "{number}: {shown}");
    }
    for number in ["*9", "*91000", "*9700001"] {
        let shown = told(&route(number));
        assert!(shown.starts_with("config/codes.toml:2:") && shown.contains("recordings are heard"), "{number}: {shown}");
    }
    // From outside nobody dials codes; and what the house has moved is free.
    let own = "[[reason]]\nid = \"break\"\ncode = \"*90\"\n";
    for text in [
        listen("*19"),
        route("*19") + &route("*161") + &route("*999"),
        route("*98") + "from = \"trunk\"\n" + &route("*16") + "from = \"trunk\"\n",
        route("*98") + &listen("*97"),
        route("*17") + &listen("*16") + own,
    ] {
        assert_eq!(told(&text), "", "{text}");
    }
    assert!(told(&(route("*90") + own)).contains("a route leads from *90 already"));
}

#[test]
fn where_one_queue_alone_has_a_company_its_agents_numbers_are_said_too() {
    let mut lacks = prompts();
    lacks.folders.get_mut("zh-CN").expect("a language").readable.remove("agent_number");
    assert!(resolve(&shipped(), &[], &lacks).is_ok(), "nothing asks for it as shipped");
    let mut files = shipped();
    files[1].text = files[1].text.replace("wrap_up = \"0s\"", "company = \"company\"");
    let errors = resolve(&files, &[], &lacks).expect_err("a prompt lacks");
    let messages: Vec<_> = errors.iter().map(|error| (error.path.as_str(), error.message.as_str())).collect();
    assert_eq!(messages, [("config/queues.toml", "there is no prompt \"agent_number\"")]);
    let not_named = ["rules.greeting.agent = \"not-named\"".to_owned()];
    assert!(resolve(&files, &not_named, &lacks).is_ok());
}

#[test]
fn a_queue_whose_skill_nobody_has_and_a_trunk_open_to_all_are_warned_of() {
    let mut files = shipped();
    files[1].text = files[1].text.replace("skill = \"service\"", "skill = \"billing\"");
    files[2].text = files[2].text.replace("127.0.0.0/8", "0.0.0.0/0");
    let outcome = examine(&files, &[], &prompts());
    assert!(outcome.config.is_ok());
    let messages: Vec<&str> = outcome.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].contains("skill \"billing\"") && messages[1].contains("anyone"), "{messages:?}");
}

#[test]
fn a_queue_says_what_it_asks_for_and_how_it_widens() {
    let mut files = shipped();
    let queue = "skills = { service = 5, english = 2 }\nstrategy = \"best-skill\"\nageing = \"60s\"\nweight = 3\ncapacity = 50\n\
        join = \"logged-on\"\nmax_wait = \"10m\"\npreferred = { within = \"12h\" }\n\
        [queue.call_back]\nkey = \"3\"\noffer_after = \"0s\"\nfirst = \"customer\"\ntries = 5\nnumbers = [\"1XXXXXXXXXX\"]\n\
        trunks = [\"carrier\"]\nabandoned_after = \"20s\"\n\
        [[queue.widen]]\nafter = \"30s\"\nskills = { service = 3 }\n[[queue.widen]]\nafter = \"1m\"\nadd = \"team:service\"\n";
    files[1].text = format!("[[queue]]\nid = \"service\"\n{queue}");
    files[0].text = files[0].text.replacen("skills = { service = 5 }", "skills = { service = 5, english = 9 }\nrank = 2\nweight = 4", 1);
    let outcome = examine(&files, &[], &prompts());
    assert_eq!(in_full(&outcome.warnings), "");
    let config = outcome.config.unwrap_or_else(|errors| panic!("{}", in_full(&errors)));
    let levels = |skills: &[(&str, u8)]| skills.iter().map(|(skill, level)| ((*skill).to_owned(), *level)).collect();
    let secs = std::time::Duration::from_secs;
    let expected = QueueConfig {
        id: QueueId::new("service"),
        skills: levels(&[("service", 5), ("english", 2)]),
        strategy: Strategy::BestSkill,
        ring_at_once: 10,
        ring_step: secs(5),
        wrap_up: secs(0),
        wrap_up_kind: WrapUpKind::Optional,
        widen: vec![
            Widening { after: secs(30), skills: Some(levels(&[("service", 3)])), add: None },
            Widening { after: secs(60), skills: None, add: Some(WhoElse::Team("service".into())) },
        ],
        ageing: Some(secs(60)),
        weight: Some(3),
        capacity: 50,
        join: Join::LoggedOn,
        max_wait: Some(secs(600)),
        preferred: Some(PreferredRule { within: secs(12 * 3_600), wait: secs(20) }),
        caller: None,
        overflow: OverflowConfig::default(),
        announce: None,
        call_back: Some(CallBackRule {
            key: '3',
            offer_after: secs(0),
            every: secs(60),
            first: CallBackFirst::Customer,
            tries: 5,
            retry_after: secs(300),
            ring_for: secs(30),
            numbers: config.queues["service"].call_back.as_ref().map(|rule| rule.numbers.clone()).unwrap_or_default(),
            trunks: vec![TrunkId::new("carrier")],
            abandoned_after: Some(secs(20)),
        }),
        music: None,
        company: None,
    };
    assert_eq!(config.queues["service"], expected);
    let numbers = &expected.call_back.as_ref().expect("a rule").numbers;
    assert!(numbers.len() == 1 && numbers[0].matches("13800138000") && !numbers[0].matches("00441632960000"));
    let agent = &config.agents["1001"];
    assert_eq!((agent.rank, agent.weight, config.agents["1002"].rank, config.agents["1002"].weight), (Some(2), 4, None, 1));
    assert!(expected.is_served_by(agent) && !expected.is_served_by(&config.agents["1002"]));
}

#[test]
fn what_no_agent_can_do_and_no_team_is_called_is_warned_of() {
    let mut files = shipped();
    let widen = "wrap_up = \"0s\"\n[[queue.widen]]\nafter = \"30s\"\nadd = \"team:servise\"\n[[queue.widen]]\nafter = \"60s\"\nadd = \"skill:sales\"";
    files[1].text = files[1].text.replace("skill = \"service\"\n", "skills = { service = 6 }\n").replace("wrap_up = \"0s\"", widen);
    let outcome = examine(&files, &[], &prompts());
    assert!(outcome.config.is_ok());
    let told = in_full(&outcome.warnings);
    for expected in ["the skill \"service\" 6 of queue", "did you mean \"team:service\"?", "give an agent the skill \"sales\""] {
        assert!(told.contains(expected), "{expected}\n{told}");
    }
}

/// Every key of the shipped files: (file, line from 0, key).
fn every_key(files: &[SourceFile]) -> Vec<(usize, usize, String)> {
    let mut keys = Vec::new();
    for (index, file) in files.iter().enumerate() {
        for (line, text) in file.text.lines().enumerate() {
            let key = text.split(" = ").next().unwrap_or_default();
            if !text.starts_with(['#', '[']) && !text.is_empty() {
                keys.push((index, line, key.to_owned()));
            }
        }
    }
    assert!(keys.len() > 60, "the files' keys are found");
    keys
}

fn edited(files: &[SourceFile], index: usize, line: usize, edit: impl Fn(&str) -> String) -> Vec<SourceFile> {
    let mut files = files.to_vec();
    let lines = files[index].text.lines().enumerate();
    files[index].text = lines.map(|(at, text)| if at == line { edit(text) } else { format!("{text}\n") }).collect();
    files
}

#[test]
fn every_key_mistaken_in_any_way_is_an_error_at_its_line() {
    let files = shipped();
    let defaults = shipped_config();
    for (index, line, key) in every_key(&files) {
        let at = |errors: &[ConfigError], line: usize| errors.iter().any(|e| e.path == files[index].path && e.line == line + 1);
        let typo = errors_of(&edited(&files, index, line, |text| format!("{}\n", text.replacen(&key, &format!("{key}q"), 1))), &[]);
        assert!(at(&typo, line), "typo of {key} in {}:{}\n{}", files[index].path, line + 1, in_full(&typo));
        assert!(typo.iter().any(|error| error.remedy.contains(&format!("did you mean `{key}`?"))), "{}", in_full(&typo));

        let wrong_type = errors_of(&edited(&files, index, line, |_| format!("{key} = 1979-05-27\n")), &[]);
        assert!(at(&wrong_type, line) && wrong_type.len() <= 6, "type of {key}\n{}", in_full(&wrong_type));

        let twice = errors_of(&edited(&files, index, line, |text| format!("{text}\n{text}\n")), &[]);
        assert!(at(&twice, line + 1), "{key} twice\n{}", in_full(&twice));
        let first = format!("first given at {}:{}:1", files[index].path, line + 1);
        assert!(twice.iter().any(|error| error.also.as_ref() == Some(&first)), "{first}\n{}", in_full(&twice));

        // Removed: an error that names the key, or else it may be left out: its default, no wider than what was there.
        match resolve(&edited(&files, index, line, |_| String::new()), &[], &prompts()) {
            Ok(config) => {
                let optional = [
                    "name",
                    "from",
                    "team",
                    "skills",
                    "role",
                    "login",
                    "agent",
                    "accept_from",
                    "code",
                    "ends_on",
                    "zone",
                    "tell_agent",
                    "fatal",
                    "auto",
                    "not_applicable",
                    "guide",
                    "of",
                ]
                .contains(&key.as_str());
                assert!(optional || config == defaults, "{key} of {}:{} went unnoticed", files[index].path, line + 1);
            }
            Err(errors) => {
                let known = errors.iter().any(|error| error.message.contains(&key) || error.remedy.contains(&key));
                assert!(known, "{key} removed\n{}", in_full(&errors));
            }
        }
    }
}

#[test]
fn random_mutations_never_panic_and_every_error_has_its_place() {
    let files = shipped();
    let mut rng = Rng::new(2026);
    let pieces =
        ["\"", "[", "]", "[[", "=", "\n", "{", "}", ".", "'''", "\\", "\u{0}", "铃", "1", "-", "\t", "[agent]", "[[sip]]", "a.b.c=1\n"];
    let (mut refused, mut taken) = (0, 0);
    for _ in 0..5_000 {
        let mut files = files.clone();
        for _ in 0..=rng.below(3) {
            let file = &mut files[usize::try_from(rng.below(SHIPPED.len() as u64)).expect("a few files")];
            let mut bytes = file.text.clone().into_bytes();
            let at = usize::try_from(rng.below(bytes.len() as u64)).expect("within the file");
            match rng.below(4) {
                0 => bytes[at] = rng.next_u32() as u8,
                1 => drop(bytes.drain(at..(at + usize::try_from(rng.below(40)).expect("small")).min(bytes.len()))),
                2 => {
                    let piece = pieces[usize::try_from(rng.below(pieces.len() as u64)).expect("a piece")];
                    bytes.splice(at..at, piece.bytes());
                }
                _ => {
                    let line: Vec<u8> = bytes[at..].split_inclusive(|b| *b == b'\n').nth(1).unwrap_or(b"\n").to_vec();
                    let start = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
                    bytes.splice(start..start, line);
                }
            }
            file.text = String::from_utf8_lossy(&bytes).into_owned();
        }
        match resolve(&files, &[], &prompts()) {
            Ok(_) => taken += 1,
            Err(errors) => {
                refused += 1;
                assert!(!errors.is_empty(), "a refusal says why");
                for error in errors {
                    assert!(files.iter().any(|file| file.path == error.path), "{error}");
                    assert!(error.line >= 1 && error.column >= 1 && !error.remedy.is_empty() && error.to_string().contains('^'));
                }
            }
        }
    }
    assert!(refused > 1_000 && taken > 100, "the mutations reach both ends: {refused} refused, {taken} taken");
}

#[test]
fn several_phones_at_once_and_what_a_number_asks_for_are_read() {
    let mut files = shipped();
    let queue = "strategy = \"ring-progressively\"\nring_at_once = 4\nring_step = \"8s\"";
    files[1].text = files[1].text.replacen("strategy = \"longest-idle\"", queue, 1);
    // Through a menu, and lowered by a step of widening.
    let menu = "[[menu]]\nid = \"main\"\nprompt = \"survey_ask\"\nkeys = { 1 = \"queue:service\" }\n";
    files[2].text = files[2].text.replacen("to = \"queue:service\"", "to = \"menu:main\"\nskills = { service = 6 }", 1) + menu;
    let widen = "wrap_up = \"0s\"\n[[queue.widen]]\nafter = \"30s\"\nskills = { service = 1 }";
    files[1].text = files[1].text.replacen("skill = \"service\"", "skills = { service = 2 }", 1).replacen("wrap_up = \"0s\"", widen, 1);
    let config = resolve(&files, &[], &prompts()).unwrap_or_else(|errors| panic!("{}", in_full(&errors)));
    let queue = &config.queues["service"];
    let step = std::time::Duration::from_secs(8);
    assert_eq!((queue.strategy, queue.ring_at_once, queue.ring_step), (Strategy::RingProgressively, 4, step));
    assert_eq!(config.routes[0].skills, [("service".to_owned(), 6)].into());
}

#[test]
fn what_no_strategy_of_one_phone_knows_is_warned_of() {
    for (strategy, expected) in [
        ("longest-idle\"\nring_at_once = 3", "\"ring-progressively\" has several ring"),
        ("ring-all\"\nring_step = \"5s\"", "adds one each `ring_step`"),
    ] {
        let mut files = shipped();
        files[1].text = files[1].text.replacen("longest-idle\"", strategy, 1);
        let outcome = examine(&files, &[], &prompts());
        assert!(outcome.config.is_ok() && in_full(&outcome.warnings).contains(expected), "{}", in_full(&outcome.warnings));
    }
}

#[test]
fn numbers_ask_in_so_many_ways_and_no_more() {
    let mut files = shipped();
    let skills: Vec<String> = (0..9).map(|n| format!("s{n}")).collect();
    let has = skills.iter().map(|skill| format!(", {skill} = 9")).collect::<String>();
    files[0].text = files[0].text.replacen("skills = { service = 5 }", &format!("skills = {{ service = 5{has} }}"), 1);
    let route =
        |number: usize, asks: &str| format!("[[route]]\nnumber = \"96{number:03}\"\nto = \"queue:service\"\nskills = {{ {asks} }}\n");
    let ways = |count: usize| (0..count).map(|n| route(n, &format!("s{} = {}", n / 9, n % 9 + 1))).collect::<String>();
    let errors_with = |more: &str| {
        let mut files = files.clone();
        files[2].text += more;
        in_full(&errors_of(&files, &[]))
    };
    assert_eq!(errors_with(&ways(64)), "");
    assert!(errors_with(&ways(65)).contains("one requirement too many"));
    // The same again is none more.
    assert_eq!(errors_with(&(ways(64) + &route(900, "s0 = 1"))), "");
    let all = skills.iter().map(|skill| format!("{skill} = 1")).collect::<Vec<_>>().join(", ");
    assert!(errors_with(&route(0, &all)).contains("a number asks for at most 8"));
}

#[test]
fn a_card_that_is_changed_gets_the_next_version() {
    let mut files = shipped();
    let card = files[4].text.clone();
    let first = card.split("[[sampling]]").next().expect("the card comes first").to_owned();
    files[4].text.push_str(&first);
    let twice = in_full(&errors_of(&files, &[]));
    assert!(twice.contains("there are two of version 1 of scorecard \"service\"") && twice.contains("scorecards.toml:15:11"), "{twice}");
    files[4].text = card + &first.replacen("version = 1", "version = 2", 1).replacen("pass = 85", "pass = 90", 1);
    let config = resolve(&files, &[], &prompts()).unwrap_or_else(|errors| panic!("{}", in_full(&errors)));
    let pass = |version| config.scorecard("service", version).map(|card| card.pass);
    assert_eq!((pass(None), pass(Some(1)), pass(Some(3))), (Some(90), Some(85), None), "the highest is in force");
    let card = config.scorecard("service", None).expect("the card");
    assert_eq!(card.items().map(|item| item.weight).sum::<u32>(), 100);
    assert_eq!(card.item("dialect").and_then(|item| item.auto.as_ref()).map(Auto::name), Some("script:dialect".to_owned()));
}

#[test]
fn the_score_below_which_a_call_is_poor_is_one_that_there_is() {
    for (written, found, remedy) in [
        ("poor = 5", "5 is no score to be told below", "from 1.0 (never) to 4.1"),
        ("poor = 0.36", "0.36 is no score to be told below", "3.6 is where some users are dissatisfied"),
        ("poor = \"good\"", "`quality.poor` is a text; it takes a number", "poor = 3.6"),
    ] {
        let told = with("switch.toml", "poor = 3.6", written);
        assert!(told.contains(found) && told.contains(remedy), "{told}");
    }
    let told = with("rules.toml", "max_rings = 3", "max_rings = 3.5");
    assert!(told.contains("is a number with a fraction; it takes a whole number"), "{told}");
    for (written, poor) in [("quality.poor=3", 3.0), ("quality.poor=4.05", 4.05)] {
        let config = resolve(&shipped(), &[written.to_owned()], &prompts()).expect("valid");
        assert_eq!(config.quality.poor, Mos::new(poor));
    }
}
