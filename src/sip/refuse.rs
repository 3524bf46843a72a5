//! Requests that are not served, whoever sends them, and the RFC's answer to each. What a served request means is not decided here.

use super::msg::{Method, Request, Response, Scheme, ViaRef};
use super::watch::Package;
use super::{Protocol, compose, outbound, recording};

/// The refusal of a new request, in the order of RFC 3261 §8.2; `None` when it may be served. `cookie` is in every branch of ours; `over`: how
/// it came; `records`: who sends it may have us record.
pub(super) fn refusal(request: &Request, over: Protocol, cookie: &str, records: bool) -> Option<Response> {
    // §16.3 step 4: a request of ours that came back.
    if request.headers.list("Via").filter_map(ViaRef::read).any(|via| via.branch().is_some_and(|branch| branch.contains(cookie))) {
        return Some(request.response(482, None, None));
    }
    // RFC 5630 §5.2: what is for a SIPS URI comes over TLS.
    let is_known = match request.uri.scheme {
        Scheme::Sip | Scheme::Tel => true,
        Scheme::Sips => over == Protocol::Tls,
        Scheme::Other(_) => false,
    };
    if !is_known {
        return Some(request.response(416, None, None));
    }
    // Only a new call and a text go further than us; of everything else we are the end of the way (RFC 3261 §11.1, §16.3 step 3).
    let is_new_call = request.method == Method::Invite && request.to_tag().is_none();
    if (is_new_call || request.method == Method::Message) && request.headers.number("Max-Forwards").ok().flatten() == Some(0) {
        return Some(request.response(483, None, None));
    }
    match &request.method {
        // RFC 3428 §3: a text belongs to no call.
        Method::Message if request.to_tag().is_some() => return Some(not_allowed(request)),
        // RFC 3515 §2.4.2 leaves it to us: what belongs to no call of ours has nobody to be connected.
        Method::Refer if request.to_tag().is_none() => return Some(request.response(403, None, None)),
        Method::Subscribe if is_served(request) => {}
        // RFC 6665 §8.3.2, RFC 3903 §6.
        Method::Notify | Method::Subscribe | Method::Publish => return Some(bad_event(request)),
        Method::Other(_) => return Some(with(request.response(501, None, None), "Allow", compose::ALLOW)),
        Method::Cancel => return None,
        _ => {}
    }
    // RFC 3891 §3: it has a meaning in a new call alone.
    if !is_new_call && request.headers.get("Replaces").is_some() {
        return Some(request.response(400, Some("Replaces Outside Of A New Call"), None));
    }
    // §8.2.2.3.
    let known = |tag: &str| supported(&request.method).any(|known| known.eq_ignore_ascii_case(tag));
    let records = |tag: &str| records && tag.eq_ignore_ascii_case(recording::OPTION);
    let unknown: Vec<&str> = request.headers.list("Require").filter(|tag| !known(tag) && !records(tag)).collect();
    if !unknown.is_empty() {
        return Some(with(request.response(420, None, None), "Unsupported", &unknown.join(", ")));
    }
    if let Some(tag) = request.headers.list("Proxy-Require").next() {
        let unsupported = tag.to_owned();
        return Some(with(request.response(420, None, None), "Unsupported", &unsupported));
    }
    None
}

fn supported(method: &Method) -> impl Iterator<Item = &'static str> {
    let of_registrar = if *method == Method::Register { outbound::REGISTRAR_SUPPORTS } else { "" };
    compose::SUPPORTED.split(", ").chain(of_registrar.split(", "))
}

/// Whether what is subscribed to is there: an agent's messages, dialogs or presence, or the referral that made a subscription, inside its dialog (RFC 3515
/// §2.4.4).
fn is_served(request: &Request) -> bool {
    let Some(event) = compose::event(&request.headers) else { return false };
    let is = |package: &str| event.package.eq_ignore_ascii_case(package);
    Package::named(event.package).is_some() || (is("refer") && request.to_tag().is_some())
}

/// No such package (RFC 6665 §8.3.2).
pub(super) fn bad_event(request: &Request) -> Response {
    with(request.response(489, None, None), "Allow-Events", compose::ALLOW_EVENTS)
}

fn not_allowed(request: &Request) -> Response {
    with(request.response(405, None, None), "Allow", compose::ALLOW)
}

pub(super) fn with(mut response: Response, name: &str, value: &str) -> Response {
    response.headers.push(name, value);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::msg::{Message, parse};

    #[test]
    fn each_gets_the_answer_of_the_rfc() {
        for (first, lines, code, says) in [
            ("INVITE sip:1@h", "", None, ""),
            ("INVITE tel:95000", "", None, ""),
            ("OPTIONS sip:h", "Require: timer, 100REL\r\n", None, ""),
            // Over UDP.
            ("INVITE sips:1@h", "", Some(416), ""),
            ("INVITE soap.beep://h/x", "", Some(416), ""),
            ("INVITE sip:1@h", "Require: timer, gruu, nothingSupportsThis\r\n", Some(420), "Unsupported: gruu, nothingSupportsThis"),
            ("OPTIONS sip:1@h", "Proxy-Require: privacy\r\n", Some(420), "Unsupported: privacy"),
            ("CANCEL sip:1@h", "Require: gruu\r\n", None, ""),
            ("REFER sip:1@h", "", Some(403), ""),
            ("INVITE sip:1@h", "Require: replaces, norefersub\r\n", None, ""),
            ("INVITE sip:1@h", "Replaces: c;to-tag=1;from-tag=2\r\n", None, ""),
            ("OPTIONS sip:1@h", "Replaces: c;to-tag=1;from-tag=2\r\n", Some(400), ""),
            ("MESSAGE sip:1@h", "", None, ""),
            ("MESSAGE sip:1@h", "Max-Forwards: 0\r\n", Some(483), ""),
            ("SUBSCRIBE sip:1@h", "", Some(489), "Allow-Events: message-summary, dialog, presence, refer"),
            ("SUBSCRIBE sip:1@h", "Event: message-summary\r\n", None, ""),
            ("SUBSCRIBE sip:1@h", "o: Message-Summary ;id=7\r\n", None, ""),
            ("SUBSCRIBE sip:1@h", "Event: ;id=7\r\n", Some(489), ""),
            ("SUBSCRIBE sip:1@h", "Event: refer\r\n", Some(489), ""),
            ("NOTIFY sip:1@h", "Event: refer\r\n", Some(489), "Allow-Events: message-summary"),
            ("NEWMETHOD sip:1@h", "", Some(501), "Allow: INVITE, ACK"),
            ("INVITE sip:1@h", "Via: SIP/2.0/UDP h;branch=z9hG4bKcookie1234\r\n", Some(482), ""),
        ] {
            let method = first.split(' ').next().unwrap_or_default();
            let forwards = if lines.contains("Max-Forwards") { "" } else { "Max-Forwards: 70\r\n" };
            let text = format!(
                "{first} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{forwards}From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n\
                 Call-ID: c\r\nCSeq: 1 {method}\r\n{lines}\r\n"
            );
            let Ok(Message::Request(request)) = parse(text.as_bytes()) else { panic!("{text}") };
            let refusal = refusal(&request, Protocol::Udp, "cookie", false);
            assert_eq!(refusal.as_ref().map(|response| response.code), code, "{text}");
            let written = refusal.map(|response| String::from_utf8(Message::Response(response).to_bytes()).expect("text"));
            assert!(written.unwrap_or_default().contains(says), "{text}");
        }
    }
}
