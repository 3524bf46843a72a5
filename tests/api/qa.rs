//! Quality: from the lot that is drawn, by the form that the switch has filled in, to the score, the appeal, its answer and the results.

use crate::events::Listener;
use crate::world::{NOW, World, configuration};
use sanling::io::store::{WorkFilter, WorkKind};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds from [`NOW`] to an hour ago: lots are drawn of this week and the one before.
fn an_hour_ago() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    i64::try_from(now).expect("small") - NOW / 1_000 - 3_600
}

/// Answers to all of the shipped card. Of a call without greeting, hold, script and measured sound 75 of 100 apply: right 10 of 20 and
/// anything-else 0 of 5 leave 60 of them, which is 80.0.
fn answers(change: &[(&str, &str)]) -> Value {
    let points = [("greeting", 5), ("listening", 5), ("needs", 5), ("right", 5), ("words", 5)];
    let words = [
        ("three-rings", "yes"),
        ("greeting-in-time", "not-applicable"),
        ("dialect", "not-applicable"),
        ("sound", "not-applicable"),
        ("hold-reason", "not-applicable"),
        ("hold-patience", "not-applicable"),
        ("hold-promise", "not-applicable"),
        ("anything-else", "no"),
        ("farewell", "yes"),
        ("customer-first", "yes"),
        ("respect", "yes"),
        ("secrets", "yes"),
    ];
    let points = points.into_iter().map(|(item, points)| json!({"item": item, "answer": "points", "points": points}));
    let word = |(item, answer): (&str, &str)| {
        let answer = change.iter().find(|(of, _)| *of == item).map_or(answer, |(_, answer)| answer);
        json!({"item": item, "answer": answer})
    };
    points.chain(words.into_iter().map(word)).collect()
}

fn score(call: &str, answers: &Value) -> String {
    json!({"call_id": call, "answers": answers, "note": "kind, but did not ask on"}).to_string()
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().unwrap_or_else(|| panic!("a list: {answer}"))
}

/// Calls have ended, and by the clock lots are drawn of them; nobody has looked.
fn drawn(world: &World) {
    world.publish("call.released", None, 0);
    let all = WorkFilter::default();
    let kept = || world.runtime.block_on(world.store.works(WorkKind::Task, &all, 10)).expect("reads").len();
    let end = Instant::now() + Duration::from_secs(20);
    while kept() == 0 {
        assert!(Instant::now() < end, "nothing was drawn");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_call_is_drawn_scored_appealed_against_answered_and_counted() {
    let mut world = World::new();
    let from = an_hour_ago();
    for n in 0..5 {
        world.kept_call(from + n, |_| ());
    }
    world.kept_call(from + 6, |call| call.released_at = call.connected_at);
    let (qa, boss, agent) = (world.cookie("li-qa"), world.cookie("wang-supervisor"), world.cookie("1001"));
    let get = |cookie: &str, path: &str| world.as_page(cookie, "GET", path, None).json();
    let send = |cookie: &str, method: &str, path: &str, body: &str| world.as_page(cookie, method, path, Some(body));

    // Drawn by the shipped plan, and drawn once.
    drawn(&world);
    let work = get(&qa, "/api/v1/qa/work");
    assert!((1..=3).contains(&items(&work).len()), "{work}");
    let task = &items(&work)[0];
    assert!(task["agent"] == "1001" && task["who"] == "li-qa" && task["plan"] == "weekly" && task["talk_ms"] == 60_000, "{task}");
    assert_eq!(get(&qa, "/api/v1/qa/work"), work);
    // Whoever is to score it has a day for it, at least, however late in the week it was drawn.
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok()).expect("a time");
    assert!(time(&task["due_at"]).duration_since(time(&task["at"])).as_secs() >= 86_399, "{task}");
    let told =
        items(&world.get("/api/v1/audit?subject=").json()).iter().any(|one| one["who"] == "sampling" && one["action"] == "calls.drawn");
    assert!(told, "who drew is told");
    assert_eq!(items(&get(&boss, "/api/v1/qa/work")).len(), 0, "it is not his");
    assert_eq!(items(&get(&boss, "/api/v1/qa/work?who=*")).len(), items(&work).len());

    let plan = items(&get(&qa, "/api/v1/qa/plans"))[0].clone();
    let drawn: Vec<&Value> = items(&work).iter().filter(|task| task["period"] == plan["period"]).collect();
    assert!(plan["id"] == "weekly" && plan["per_agent"] == 3 && plan["longer_ms"] == 30_000 && plan["to"] == json!(["li-qa"]), "{plan}");
    let shares = if drawn.is_empty() { json!([]) } else { json!([{"agent": "1001", "drawn": drawn.len(), "done": 0}]) };
    assert_eq!(plan["agents"], shares);
    let scorers: Vec<Value> = items(&get(&boss, "/api/v1/qa/scorers")).iter().map(|one| one["user"].clone()).collect();
    assert_eq!(scorers, ["admin", "li-qa", "wang-supervisor"]);

    // What the switch knows.
    let call = task["call_id"].as_str().expect("an id");
    let form = get(&qa, &format!("/api/v1/calls/{call}/form"));
    assert!(form["agent"] == "1001" && form["scorecard"] == "service" && form["agents"] == json!(["1001"]), "{form}");
    let rings = &form["found"]["three-rings"];
    assert!(rings["answer"] == "yes" && rings["reason"]["code"] == "answered-in-rings" && rings["reason"]["at_ms"] == 0, "{rings}");
    assert_eq!(rings["reason"]["values"], json!({"rings": 2, "limit": 3}));
    assert!(form["found"]["hold-patience"]["answer"] == "not-applicable" && form["found"]["right"].is_null(), "{form}");
    assert_eq!(form["found"]["customer-first"]["reason"]["at_ms"], 60_000);

    // Scored, once.
    let all = answers(&[]);
    let wrong = |answers: &Value| {
        let problem = send(&qa, "POST", "/api/v1/qa/scores", &score(call, answers)).problem(422);
        assert_eq!(problem["parameter"], "answers");
        problem["detail"].as_str().expect("a text").to_owned()
    };
    assert_eq!(wrong(&json!([])), "\"three-rings\" is not answered");
    assert_eq!(wrong(&answers(&[("respect", "not-applicable")])), "\"respect\" applies to every call");
    assert!(wrong(&answers(&[("farewell", "maybe")])).contains("yes, no, not-applicable"));
    let given = send(&qa, "POST", "/api/v1/qa/scores", &score(call, &all));
    assert_eq!(given.status, 201, "{}", given.json());
    let given = given.json();
    assert!(given["score"] == 80.0 && given["passed"] == false && given["version"] == 1 && given["who"] == "li-qa", "{given}");
    let right = items(&json!({"items": given["answers"]})).iter().find(|answer| answer["item"] == "right").cloned().expect("the answer");
    assert!(right["won"] == 0.5 && right["weight"] == 20, "{right}");
    let again = send(&boss, "POST", "/api/v1/qa/scores", &score(call, &all)).problem(409);
    assert!(again["detail"].as_str().is_some_and(|text| text.starts_with("li-qa has scored agent 1001")), "{again}");
    let done = get(&qa, "/api/v1/qa/work?state=done");
    assert!(items(&done).len() == 1 && items(&done)[0]["score_id"] == given["id"], "{done}");
    assert_eq!(items(&get(&qa, "/api/v1/qa/work")).len(), items(&work).len() - 1);
    let share = items(&get(&qa, "/api/v1/qa/plans"))[0]["agents"][0]["done"].clone();
    assert_eq!(share.as_u64().unwrap_or(0), u64::from(task["period"] == plan["period"]));
    // Calls are found by their score.
    assert_eq!(items(&get(&qa, "/api/v1/calls?score_below=80.5")).len(), 1);
    assert_eq!(items(&get(&qa, "/api/v1/calls?score_below=80")).len(), 0);

    // Changed by who gave it; what the switch found stands beside what was answered.
    let id = given["id"].as_str().expect("an id");
    let path = format!("/api/v1/qa/scores/{id}");
    let change = json!({"answers": answers(&[("three-rings", "no")])}).to_string();
    send(&boss, "PUT", &path, &change).problem(403);
    let changed = send(&qa, "PUT", &path, &change).json();
    let rings = &changed["answers"][0];
    assert!(rings["answer"] == "no" && rings["found"]["answer"] == "yes" && changed["score"] == 73.3, "55 of 75: {changed}");
    let back = json!({"answers": all, "note": "kind, but did not ask on"}).to_string();
    assert_eq!(send(&qa, "PUT", &path, &back).json()["score"], 80.0);

    // The agent sees it and objects, once.
    let seen = get(&agent, &format!("/api/v1/calls/{call}/scores"));
    assert!(items(&seen).len() == 1 && items(&seen)[0]["score"] == 80.0 && items(&seen)[0]["appeal"].is_null(), "{seen}");
    let appeal = format!("{path}/appeal");
    send(&agent, "POST", &appeal, r#"{"text": " "}"#).problem(422);
    assert_eq!(send(&agent, "POST", &appeal, r#"{"text": "I did ask", "items": ["tone"]}"#).problem(422)["parameter"], "items");
    let objection = r#"{"text": "I did ask, at the very end", "items": ["anything-else"]}"#;
    assert_eq!(send(&agent, "POST", &appeal, objection).status, 201);
    send(&agent, "POST", &appeal, r#"{"text": "once more"}"#).problem(409);
    send(&qa, "PUT", &path, &back).problem(409);
    assert_eq!(items(&get(&boss, "/api/v1/qa/appeals?state=open")).len(), 1);

    // Not by who gave it. Answered by a supervisor: 65 of 75.
    let decision = json!({"text": "So you did.", "answers": answers(&[("anything-else", "yes")])}).to_string();
    let refused = send(&qa, "POST", &format!("{path}/answer"), &decision).problem(403);
    assert_eq!(refused["detail"], "who gave the score does not answer the appeal against it: another does (admin, wang-supervisor)");
    for (cookie, expected) in [(&qa, false), (&boss, true), (&agent, false)] {
        assert_eq!(get(cookie, &path)["appeal"]["may_answer"], expected);
        assert_eq!(items(&get(cookie, "/api/v1/qa/appeals?state=open"))[0]["may_answer"], expected);
    }
    let decided = send(&boss, "POST", &format!("{path}/answer"), &decision).json();
    assert!(decided["score"] == 86.7 && decided["passed"] == true && decided["note"] == "kind, but did not ask on", "{decided}");
    let appeal = &decided["appeal"];
    assert_eq!(appeal["items"], json!(["anything-else"]));
    assert!(appeal["state"] == "changed" && appeal["answer"]["who"] == "wang-supervisor" && appeal["answer"]["score_before"] == 80.0);
    send(&boss, "POST", &format!("{path}/answer"), &decision).problem(409);
    assert_eq!(get(&agent, &path)["score"], 86.7);

    // Counted.
    let by_agent = get(&qa, "/api/v1/qa/results");
    let row = &items(&by_agent)[0];
    assert!(row["key"] == "1001" && row["n"] == 1 && row["mean"] == 86.7 && row["pass_rate"] == 100.0 && row["fatal_rate"] == 0.0, "{row}");
    assert_eq!(row["lost"], json!([{"item": "right", "n": 1, "weight": 10.0}]));
    assert_eq!(items(&get(&qa, "/api/v1/qa/results?by=team"))[0]["key"], "service");
    let by_item = get(&agent, "/api/v1/qa/results?by=item&scorecard=service");
    let right = items(&by_item).iter().find(|row| row["key"] == "right").expect("a row");
    assert!(right["mean"] == 50.0 && right["passed"] == 0, "{right}");
    assert_eq!(world.as_page(&agent, "GET", "/api/v1/qa/results?agent=1002", None).problem(400)["parameter"], "agent");
    assert_eq!(items(&get(&qa, "/api/v1/qa/results?scorecard=other")).len(), 0);
    world.as_page(&qa, "GET", "/api/v1/qa/results?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", None).problem(400);

    let by_week = get(&qa, "/api/v1/qa/results?every=week");
    assert!(items(&by_week).len() == 1 && items(&by_week)[0]["from"].is_string() && items(&by_week)[0]["mean"] == 86.7, "{by_week}");
    assert!(row["from"].is_null());
    world.as_page(&qa, "GET", "/api/v1/qa/results?format=csv", None).problem(403);
    let table = world.as_page(&boss, "GET", "/api/v1/qa/results?format=csv", None);
    let rows = String::from_utf8_lossy(&table.body);
    assert!(table.status == 200 && rows.contains("\r\n,1001,1,86.7,1,100,0,0,0,0,right\r\n"), "{rows}");
    for (asked, found) in [
        ("item=right&team=service&scorecard=service", 1),
        ("item=farewell", 0),
        ("team=other", 0),
        ("scorecard=other", 0),
        ("counted=true&agent=1001", 1),
    ] {
        assert_eq!(items(&get(&qa, &format!("/api/v1/qa/scores?{asked}"))).len(), found, "{asked}");
    }

    let viewed = world.get("/api/v1/audit?subject=everybody").json();
    let told: Vec<String> = items(&viewed).iter().map(|one| format!("{} {}", one["who"], one["action"]).replace('"', "")).collect();
    let expected = [
        "li-qa scores.viewed",
        "wang-supervisor results.viewed",
        "li-qa results.viewed",
        "li-qa appeals.viewed",
        "wang-supervisor appeals.viewed",
    ];
    assert_eq!(told, expected, "the agent's own are no news");
    let audit = world.get(&format!("/api/v1/audit?subject={call}")).json();
    let told: Vec<String> = items(&audit).iter().map(|one| format!("{} {}", one["who"], one["action"]).replace('"', "")).collect();
    let expected = [
        "wang-supervisor appeal.answered",
        "1001 score.appealed",
        "1001 scores.viewed",
        "li-qa score.changed",
        "li-qa score.changed",
        "li-qa score.given",
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_agent_sees_his_own_scores_alone_and_nobody_scores_himself() {
    let mut world = World::new();
    let others = world.kept_call(0, |call| {
        call.agent = Some("1002".into());
        call.offers[0].agent = "1002".into();
    });
    let own = world.kept_call(60, |call| {
        call.agent = Some("1000".into());
        call.offers[0].agent = "1000".into();
    });
    let running = world.kept_call(120, |call| call.released_at = None);
    let (qa, boss, agent) = (world.cookie("li-qa"), world.cookie("wang-supervisor"), world.cookie("1001"));
    let give = |cookie: &str, call: &str| world.as_page(cookie, "POST", "/api/v1/qa/scores", Some(&score(call, &answers(&[]))));
    let given = give(&qa, &others.id.to_string());
    assert_eq!(given.status, 201, "{}", given.json());
    let path = format!("/api/v1/qa/scores/{}", given.json()["id"].as_str().expect("an id"));
    for (method, path) in
        [("GET", path.clone()), ("POST", format!("{path}/appeal")), ("GET", format!("/api/v1/calls/{}/scores", others.id))]
    {
        world.as_page(&agent, method, &path, Some(r#"{"text": "no"}"#)).problem(404);
    }
    assert_eq!(items(&world.as_page(&agent, "GET", "/api/v1/qa/scores", None).json()).len(), 0);
    assert_eq!(items(&world.as_page(&qa, "GET", "/api/v1/qa/scores?agent=1002", None).json()).len(), 1);
    assert_eq!(give(&boss, &own.id.to_string()).problem(409)["detail"], "nobody scores himself");
    give(&qa, &running.id.to_string()).problem(409);
    give(&qa, "01JD3KQ5ZV8N2M4X6Y7T9W0ABC").problem(404);
    let of_another = json!({"call_id": others.id.to_string(), "agent": "1001", "answers": answers(&[])}).to_string();
    assert_eq!(world.as_page(&qa, "POST", "/api/v1/qa/scores", Some(&of_another)).problem(422)["parameter"], "agent");
}

#[test]
fn who_gave_the_score_answers_the_appeal_when_nobody_else_may() {
    let mut world = World::new();
    let call = world.kept_call(0, |_| ()).id.to_string();
    let (qa, agent) = (world.cookie("li-qa"), world.cookie("1001"));
    let given = world.as_page(&qa, "POST", "/api/v1/qa/scores", Some(&score(&call, &answers(&[])))).json();
    let path = format!("/api/v1/qa/scores/{}", given["id"].as_str().expect("an id"));
    assert_eq!(world.as_page(&agent, "POST", &format!("{path}/appeal"), Some(r#"{"text": "no"}"#)).status, 201);
    let answer = || world.as_page(&qa, "POST", &format!("{path}/answer"), Some(r#"{"text": "It stands."}"#));
    answer().problem(403);
    // One who looks after the machine is no judge.
    let alone = configuration(&[("role = \"admin\"", "role = \"operator\""), ("role = \"supervisor\"", "role = \"operator\"")]);
    world.config.set(Arc::new(alone), Vec::new());
    assert_eq!(world.as_page(&qa, "GET", &path, None).json()["appeal"]["may_answer"], true);
    assert_eq!(answer().json()["appeal"]["answer"]["who"], "li-qa");
    let audit = world.get(&format!("/api/v1/audit?subject={call}")).json();
    let detail = items(&audit)[0]["detail"].as_str().expect("a text");
    assert!(detail.ends_with("It stands. (there is nobody else who may answer)"), "{detail}");
}

#[test]
fn what_happens_in_quality_is_told_to_whom_it_concerns() {
    let mut world = World::new();
    let (his, others) = (
        world.kept_call(0, |_| ()).id.to_string(),
        world.kept_call(60, |call| {
            call.agent = Some("1002".into());
            call.offers[0].agent = "1002".into();
        }),
    );
    let cookies = ["1001", "li-qa", "ops"].map(|user| world.cookie(user));
    let mut streams = cookies.each_ref().map(|cookie| Listener::connect_with(&world, &format!("Cookie: {cookie}"), None));
    let program = Listener::connect(&world, None);
    let (qa, boss, agent) = (&cookies[1], world.cookie("wang-supervisor"), &cookies[0]);
    let give = |call: &str| world.as_page(qa, "POST", "/api/v1/qa/scores", Some(&score(call, &answers(&[])))).json();
    let given = give(&his);
    give(&others.id.to_string());
    let path = format!("/api/v1/qa/scores/{}", given["id"].as_str().expect("an id"));
    world.as_page(qa, "PUT", &path, Some(&json!({"answers": answers(&[])}).to_string()));
    world.as_page(agent, "POST", &format!("{path}/appeal"), Some(r#"{"text": "no"}"#));
    assert_eq!(world.as_page(&boss, "POST", &format!("{path}/answer"), Some(r#"{"text": "It stands."}"#)).status, 200);
    world.as_page(&boss, "POST", "/api/v1/qa/coaching", Some(r#"{"agent": "1002", "text": "Slower."}"#));
    let calibration = json!({"call_id": his, "scorers": ["li-qa", "admin"], "reference": "li-qa"}).to_string();
    let begun = world.as_page(qa, "POST", "/api/v1/qa/calibrations", Some(&calibration)).json();
    let body = json!({"call_id": his, "answers": answers(&[]), "calibration": begun["id"]}).to_string();
    assert_eq!(world.as_page(qa, "POST", "/api/v1/qa/scores", Some(&body)).status, 201);
    // By this each stream knows that there was no more.
    world.publish("agent.ready", None, 0);
    let heard = |stream: &mut Listener| {
        let all = std::iter::from_fn(|| stream.next().filter(|heard| heard.name != "agent.ready"));
        all.filter(|heard| heard.name != "qa.calls_drawn")
            .map(|heard| (heard.name.clone(), serde_json::from_str::<Value>(&heard.data).expect("JSON")))
            .collect::<Vec<_>>()
    };
    let names = |heard: &[(String, Value)]| heard.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let [agents, everybody, nobody] = streams.each_mut().map(heard);
    let his_own = ["qa.score_given", "qa.score_changed", "qa.appealed", "qa.appeal_answered"];
    assert_eq!(names(&agents), his_own);
    assert!(agents.iter().all(|(_, event)| event["agent"] == "1001" && event["call"].is_null() && event["detail"]["call"] == his.as_str()));
    assert_eq!(agents[0].1["detail"], json!({"score": given["id"], "call": his, "by": "li-qa"}));
    let all = [
        "qa.score_given",
        "qa.score_given",
        "qa.score_changed",
        "qa.appealed",
        "qa.appeal_answered",
        "qa.coached",
        "qa.calibration_begun",
        "qa.score_given",
    ];
    assert_eq!(names(&everybody), all);
    assert!(everybody[7].1["agent"].is_null() && everybody[7].1["detail"]["calibration"] == begun["id"], "{:?}", everybody[7]);
    assert_eq!(names(&nobody), [""; 0], "who looks after the machine is told nothing of it");
    assert_eq!(names(&heard(&mut { program })), all);
    // And nothing of it stands in the call's timeline, which more people see.
    let timeline = world.get(&format!("/api/v1/calls/{his}/events")).json();
    assert_eq!(items(&timeline).len(), 0, "{timeline}");
}

#[test]
fn several_score_one_call_and_see_where_they_differ_when_they_have() {
    let mut world = World::new();
    let call = world.kept_call(0, |_| ()).id.to_string();
    let (qa, boss, agent) = (world.cookie("li-qa"), world.cookie("wang-supervisor"), world.cookie("1001"));
    let begin = |scorers: Value, reference: &str| {
        let body = json!({"call_id": call, "scorers": scorers, "reference": reference}).to_string();
        world.as_page(&qa, "POST", "/api/v1/qa/calibrations", Some(&body))
    };
    assert_eq!(begin(json!(["li-qa"]), "li-qa").problem(422)["parameter"], "scorers");
    assert_eq!(begin(json!(["li-qa", "ops"]), "li-qa").problem(422)["parameter"], "scorers");
    assert_eq!(begin(json!(["li-qa", "admin"]), "wang-supervisor").problem(422)["parameter"], "reference");
    let begun = begin(json!(["li-qa", "wang-supervisor"]), "li-qa");
    assert_eq!(begun.status, 201, "{}", begun.json());
    let id = begun.json()["id"].as_str().expect("an id").to_owned();
    let task = world.as_page(&boss, "GET", "/api/v1/qa/work", None).json();
    assert!(items(&task)[0]["calibration"] == id.as_str() && items(&task)[0]["call_id"] == call.as_str(), "{task}");

    let give = |cookie: &str, change: &[(&str, &str)]| {
        let body = json!({"call_id": call, "answers": answers(change), "calibration": id}).to_string();
        world.as_page(cookie, "POST", "/api/v1/qa/scores", Some(&body))
    };
    assert_eq!(give(&world.cookie("admin"), &[]).problem(422)["parameter"], "calibration");
    let own = give(&qa, &[]);
    assert_eq!(own.status, 201);
    give(&qa, &[]).problem(409);
    let path = format!("/api/v1/qa/scores/{}", own.json()["id"].as_str().expect("an id"));
    world.as_page(&qa, "PUT", &path, Some(&json!({"answers": answers(&[])}).to_string())).problem(409);
    let shown = |cookie: &str| world.as_page(cookie, "GET", &format!("/api/v1/qa/calibrations/{id}"), None).json();
    assert!(shown(&boss)["differences"].is_null() && shown(&boss)["scored"] == json!(["li-qa"]), "he has not scored yet");
    assert_eq!(items(&world.as_page(&boss, "GET", &format!("/api/v1/calls/{call}/scores"), None).json()).len(), 0);
    assert_eq!(give(&boss, &[("anything-else", "yes"), ("farewell", "no"), ("secrets", "no")]).status, 201);
    let differences = shown(&boss)["differences"].clone();
    assert_eq!(differences["spread"], 80.0, "80 and a fatal 0: {differences}");
    let of = |who: &str| items(&json!({"items": differences["scorers"]})).iter().find(|one| one["who"] == who).cloned().expect("he scored");
    assert!(
        of("wang-supervisor")["distance"] == -80.0 && of("wang-supervisor")["agreed"] == 14 && of("li-qa")["agreed"] == 17,
        "{differences}"
    );
    let agreement = |item: &str| {
        items(&json!({"items": differences["items"]})).iter().find(|one| one["item"] == item).expect("an item")["agreement"].clone()
    };
    assert!(agreement("farewell") == 0.0 && agreement("right") == 100.0);
    assert_eq!(items(&world.as_page(&qa, "GET", "/api/v1/qa/scores", None).json()).len(), 1, "his own");
    assert_eq!(items(&world.as_page(&qa, "GET", "/api/v1/qa/scores?counted=true", None).json()).len(), 0);
    // No result of the agent's, nothing that he sees, and no score of the call.
    assert_eq!(items(&world.as_page(&qa, "GET", "/api/v1/qa/results", None).json()).len(), 0);
    assert_eq!(items(&world.as_page(&agent, "GET", &format!("/api/v1/calls/{call}/scores"), None).json()).len(), 0);
    assert_eq!(items(&world.as_page(&qa, "GET", "/api/v1/calls?score_below=100", None).json()).len(), 0);
    assert_eq!(items(&world.as_page(&boss, "GET", "/api/v1/qa/work", None).json()).len(), 0);
    assert_eq!(items(&world.as_page(&qa, "GET", "/api/v1/qa/calibrations", None).json()).len(), 1);
}

#[test]
fn an_agent_is_told_what_to_do_better() {
    let world = World::new();
    let (boss, agent) = (world.cookie("wang-supervisor"), world.cookie("1001"));
    let coach = |body: &str| world.as_page(&boss, "POST", "/api/v1/qa/coaching", Some(body));
    assert_eq!(coach(r#"{"agent": "1009", "text": "x"}"#).problem(422)["parameter"], "agent");
    assert_eq!(coach(r#"{"agent": "1001", "text": "x", "score_id": "01JD3KQ5ZV8N2M4X6Y7T9W0ABC"}"#).problem(422)["parameter"], "score_id");
    assert_eq!(coach(r#"{"agent": "1001", "text": "Ask whether there is anything else."}"#).status, 201);
    assert_eq!(coach(r#"{"agent": "1002", "text": "Slower."}"#).status, 201);
    let told = world.as_page(&agent, "GET", "/api/v1/qa/coaching", None).json();
    assert!(items(&told).len() == 1 && items(&told)[0]["who"] == "wang-supervisor", "{told}");
    assert_eq!(items(&world.as_page(&boss, "GET", "/api/v1/qa/coaching?limit=1", None).json()).len(), 1);
    world.as_page(&agent, "GET", "/api/v1/qa/coaching?agent=1002", None).problem(400);
    let cards = world.as_page(&agent, "GET", "/api/v1/qa/scorecards", None).json();
    let card = &items(&cards)[0];
    assert!(card["id"] == "service" && card["in_force"] == true && card["sections"][0]["items"][0]["auto"] == "three-rings", "{card}");
}
