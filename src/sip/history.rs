//! By whom a call was sent on before it came where it is: History-Info (RFC 7044) and Diversion (RFC 5806), read from carriers, which are
//! trusted, and written to whoever is called next. Phones are not asked.

use super::msg::{Headers, NameAddr, Scheme, Uri};
use super::{Diverted, Settings};
use crate::base::limits::DIVERSIONS_MAX;

/// What RFC 5806 calls it, and the status that stands for it in a Reason (RFC 7044 §10.2, RFC 4458 §4).
const REASONS: [(&str, u16); 8] = [
    ("user-busy", 486),
    ("no-answer", 408),
    ("unavailable", 503),
    ("unconditional", 302),
    ("deflection", 480),
    ("do-not-disturb", 600),
    ("out-of-service", 404),
    ("unknown", 404),
];

/// Who sent the call on, the first of them first.
pub(super) fn read(headers: &Headers) -> Vec<Diverted> {
    let entries = |name: &'static str| headers.list(name).filter_map(|value| value.parse::<NameAddr>().ok()).collect::<Vec<_>>();
    let by_diversion = entries("Diversion").into_iter().rev().filter_map(|entry| {
        let reason = entry.param("reason").unwrap_or("unknown").trim_matches('"').to_ascii_lowercase();
        let reason = REASONS.iter().map(|(name, _)| *name).find(|name| *name == reason).unwrap_or("unknown");
        Some(Diverted { from: number(&entry.uri)?, reason: reason.to_owned() })
    });
    let mut found: Vec<Diverted> = by_diversion.collect();
    if found.is_empty() {
        let history = entries("History-Info");
        // The last is where the call is now; one that says why was left.
        found = history.iter().take(history.len().saturating_sub(1)).filter_map(sent_on).collect();
    }
    found.truncate(DIVERSIONS_MAX);
    found
}

fn sent_on(entry: &NameAddr) -> Option<Diverted> {
    let (_, why) = entry.uri.header_fields().find(|(name, _)| name.eq_ignore_ascii_case("Reason"))?;
    let cause = why.split(';').find_map(|part| part.trim().strip_prefix("cause=")).and_then(|cause| cause.parse::<u16>().ok());
    let reason = REASONS.iter().find(|(_, code)| Some(*code) == cause).map_or("unknown", |(name, _)| name);
    Some(Diverted { from: number(&entry.uri)?, reason: reason.to_owned() })
}

fn number(uri: &Uri) -> Option<String> {
    match uri.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => uri.user_unescaped().filter(|user| !user.is_empty()),
        Scheme::Other(_) => None,
    }
}

/// Tells who is called now, `to`, by whom the call was sent on.
pub(super) fn write(headers: &mut Headers, diverted: &[Diverted], to: &Uri, settings: &Settings) {
    if diverted.is_empty() {
        return;
    }
    let uri = |user: &str| Uri::sip(Some(user), &settings.domain, None);
    let mut index = "1".to_owned();
    for one in diverted {
        let code = REASONS.iter().find(|(name, _)| *name == one.reason).map_or(404, |(_, code)| *code);
        let mut left = uri(&one.from);
        left.headers = Some(format!("Reason=SIP%3Bcause%3D{code}"));
        headers.push("History-Info", format!("<{left}>;index={index}"));
        index.push_str(".1");
    }
    headers.push("History-Info", format!("<{to}>;index={index};mp={}", &index[..index.len() - 2]));
    for one in diverted.iter().rev() {
        headers.push("Diversion", format!("<{}>;reason={};counter=1", uri(&one.from), one.reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        lines.iter().for_each(|(name, value)| headers.push(name, *value));
        headers
    }

    fn short(headers: &Headers) -> String {
        read(headers).iter().map(|one| format!("{} {}", one.from, one.reason)).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn carriers_tell_it_in_two_ways() {
        for (lines, expected) in [
            (
                vec![("Diversion", "<sip:1@a>;reason=user-busy;counter=1, \"x\" <tel:+862>;reason=\"no-answer\"")],
                "+862 no-answer, 1 user-busy",
            ),
            (vec![("Diversion", "<sip:1@a>"), ("Diversion", "<sip:2@a>;reason=follow-me")], "2 unknown, 1 unknown"),
            (
                vec![(
                    "History-Info",
                    "<sip:1@a?Reason=SIP%3Bcause%3D302>;index=1, <sip:2@a?Reason=SIP%3Bcause%3D486%3Btext%3D%22x%22>;index=1.1, <sip:3@a>;index=1.2",
                )],
                "1 unconditional, 2 user-busy",
            ),
            (vec![("History-Info", "<sip:1@a>;index=1, <sip:3@a>;index=1.1")], ""),
            (vec![("History-Info", "<sip:3@a>;index=1")], ""),
            (vec![("Diversion", "rubbish <, <sip:a>;reason=x")], ""),
            (vec![], ""),
        ] {
            assert_eq!(short(&headers(&lines)), expected, "{lines:?}");
        }
        let many: Vec<String> = (0..30).map(|n| format!("<sip:{n}@a>;reason=deflection")).collect();
        assert_eq!(read(&headers(&[("Diversion", &many.join(", "))])).len(), DIVERSIONS_MAX);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let settings = Settings { domain: "s".into(), ..Settings::default() };
        let diverted: Vec<Diverted> = [("1001", "unconditional"), ("13800", "no-answer")]
            .map(|(from, reason)| Diverted { from: from.into(), reason: reason.into() })
            .into();
        let mut written = Headers::default();
        write(&mut written, &diverted, &Uri::sip(Some("1002"), "s", None), &settings);
        assert_eq!(
            written.all("History-Info").collect::<Vec<_>>(),
            [
                "<sip:1001@s?Reason=SIP%3Bcause%3D302>;index=1",
                "<sip:13800@s?Reason=SIP%3Bcause%3D408>;index=1.1",
                "<sip:1002@s>;index=1.1.1;mp=1.1"
            ]
        );
        assert_eq!(read(&written), diverted);
        written.remove("Diversion");
        assert_eq!(read(&written), diverted, "by its history");
        let mut none = Headers::default();
        write(&mut none, &[], &Uri::sip(Some("1002"), "s", None), &settings);
        assert_eq!(none.iter().count(), 0);
    }
}
