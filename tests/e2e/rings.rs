//! Three rings, on the wire: an agent who does not answer is passed over after 15 s, and the caller loses nothing by it.

use crate::ear::{Ear, Mouth};
use crate::harness::{Site, text};
use crate::sipp::Sipp;

#[test]
fn an_agent_who_does_not_answer_is_passed_over_after_three_rings() {
    let site = Site::start(&[]);
    let (ear, caller_ear) = (Ear::open(site.port(40), Mouth::Tone(1_000.0)), Ear::open(site.port(42), Mouth::Tone(600.0)));
    Sipp::register(&site, "1001", 10, &[]);
    Sipp::register(&site, "1002", 11, &[]);
    let mut ignores = Sipp::start(&site, "agent-ignores", 10, &[]);
    let mut answers = Sipp::agent(&site, "agent", 11, &ear, 1_000, &[]);
    let mut caller = Sipp::caller(&site, "caller", 12, "13800138000", &caller_ear, &["-d", "3000"]);
    ignores.done(25.0);
    caller.done(25.0);
    answers.done(5.0);

    let (ringing, cancel) = (ignores.saw("SIP/2.0 180", 0.0), ignores.saw("CANCEL", 0.0));
    let rang = cancel.at - ringing.at;
    let next = answers.saw("INVITE", 0.0).at - cancel.at;
    println!("three rings: CANCEL {rang:.3} s after 180; the next agent's INVITE {:.1} ms after it", next * 1_000.0);
    assert!((rang - 15.0).abs() < 0.1, "withdrawn {rang:.3} s after the first 180");
    assert!(next.abs() < 0.1, "offered on {next:.3} s later");
    assert!(cancel.header("Reason").is_some_and(|reason| reason.starts_with("SIP") || reason.starts_with("Q.850")), "{}", cancel.text);

    let call = site.ended_call(5.0);
    let offers: Vec<_> = call["offers"].as_array().expect("a list").iter().collect();
    let told: Vec<_> = offers.iter().map(|offer| (text(&offer["agent"]), text(&offer["result"]), offer["rings"].as_u64())).collect();
    assert_eq!(told, [("1001", "missed", Some(3)), ("1002", "answered", Some(1))]);
    assert_eq!(site.agent("1001"), ("not-ready".to_owned(), "missed".to_owned()));
    assert_eq!((text(&call["outcome"]), text(&call["agent"])), ("answered", "1002"));
    assert!(site.events(&call).iter().any(|(name, ..)| name == "offer.missed"));
}
