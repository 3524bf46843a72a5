//! The torture messages of RFC 4475 and RFC 5118, and what we expect of each: taken, answered, dropped. The messages are files as they
//! go over the wire (`tests/torture/`); in mpart01 the 128 bytes of the signature are made up.

use sanling::base::Rng;
use sanling::base::limits::{SIP_HEADERS_MAX, SIP_MESSAGE_MAX, SIP_URI_MAX};
use sanling::sip::msg::{Fault, Framed, Framer, Headers, Message, Method, Request, Response, Scheme, parse, refusal};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Clone, Copy)]
enum Expect {
    /// Read whole, and written again without loss. The text: what the RFC asks of the endpoint above.
    Taken(&'static str),
    /// A request that cannot be taken: its answer, and what that says is wrong.
    Answered(u16, &'static str),
    /// Not to be answered at all.
    Dropped(&'static str),
}
use Expect::{Answered, Dropped, Taken};

const TABLE: [(&str, &str, Expect); 61] = [
    // RFC 4475 §3.1.1: valid.
    ("rfc4475/wsinv", "3.1.1.1", Taken("")),
    ("rfc4475/intmeth", "3.1.1.2", Taken("405 or 501: an unknown method")),
    ("rfc4475/esc01", "3.1.1.3", Taken("")),
    ("rfc4475/escnull", "3.1.1.4", Taken("")),
    ("rfc4475/esc02", "3.1.1.5", Taken("405 or 501: % is no escape in a method, nor in a header's name")),
    ("rfc4475/lwsdisp", "3.1.1.6", Taken("")),
    ("rfc4475/longreq", "3.1.1.7", Taken("")),
    ("rfc4475/dblreq", "3.1.1.8", Taken("what follows the body is no second message")),
    ("rfc4475/semiuri", "3.1.1.9", Taken("")),
    ("rfc4475/transports", "3.1.1.10", Taken("")),
    ("rfc4475/mpart01", "3.1.1.11", Taken("")),
    ("rfc4475/unreason", "3.1.1.12", Taken("")),
    ("rfc4475/noreason", "3.1.1.13", Taken("")),
    // §3.1.2: invalid. Where the RFC allows to be liberal (ltgtruri, lwsruri, lwsstart, trws, escruri) we are not.
    ("rfc4475/badinv01", "3.1.2.1", Answered(400, "a bad Via")),
    ("rfc4475/clerr", "3.1.2.2", Answered(400, "the body is shorter than Content-Length")),
    ("rfc4475/ncl", "3.1.2.3", Answered(400, "a bad Content-Length")),
    ("rfc4475/scalar02", "3.1.2.4", Answered(400, "a bad Max-Forwards")),
    ("rfc4475/scalarlg", "3.1.2.5", Dropped("a bad CSeq")),
    ("rfc4475/quotbal", "3.1.2.6", Answered(400, "a bad To")),
    ("rfc4475/ltgtruri", "3.1.2.7", Answered(400, "the request URI")),
    ("rfc4475/lwsruri", "3.1.2.8", Answered(400, "whitespace in the request line")),
    ("rfc4475/lwsstart", "3.1.2.9", Answered(400, "whitespace in the request line")),
    ("rfc4475/trws", "3.1.2.10", Answered(400, "whitespace in the request line")),
    ("rfc4475/escruri", "3.1.2.11", Answered(400, "headers in the request URI")),
    ("rfc4475/baddate", "3.1.2.12", Taken("Date is not looked at, which the RFC allows")),
    ("rfc4475/regbadct", "3.1.2.13", Answered(400, "a bad Contact")),
    ("rfc4475/badaspec", "3.1.2.14", Answered(400, "a bad To")),
    ("rfc4475/baddn", "3.1.2.15", Answered(400, "a bad From")),
    ("rfc4475/badvers", "3.1.2.16", Answered(505, "not SIP/2.0")),
    ("rfc4475/mismatch01", "3.1.2.17", Answered(400, "CSeq has another method")),
    ("rfc4475/mismatch02", "3.1.2.18", Answered(400, "CSeq has another method")),
    ("rfc4475/bigcode", "3.1.2.19", Dropped("a bad status line")),
    // §3.2: transaction layer.
    ("rfc4475/badbranch", "3.2.1", Answered(400, "a branch without a name")),
    // §3.3: application layer.
    ("rfc4475/insuf", "3.3.1", Answered(400, "no From")),
    ("rfc4475/unkscm", "3.3.2", Taken("416")),
    ("rfc4475/novelsc", "3.3.3", Taken("416")),
    ("rfc4475/unksm2", "3.3.4", Taken("400 or 404: no such user can register")),
    ("rfc4475/bext01", "3.3.5", Taken("420")),
    ("rfc4475/invut", "3.3.6", Taken("415")),
    ("rfc4475/regaut01", "3.3.7", Taken("401")),
    ("rfc4475/multi01", "3.3.8", Answered(400, "two CSeqs")),
    ("rfc4475/mcl01", "3.3.9", Answered(400, "two Content-Lengths")),
    ("rfc4475/bcast", "3.3.10", Taken("dropped: a response with two Vias is not for us (RFC 3261 §8.1.3.3)")),
    ("rfc4475/zeromf", "3.3.11", Taken("answered by an endpoint, 483 where it would go further")),
    ("rfc4475/cparam01", "3.3.12", Taken("")),
    ("rfc4475/cparam02", "3.3.13", Taken("")),
    ("rfc4475/regescrt", "3.3.14", Taken("")),
    ("rfc4475/sdp01", "3.3.15", Taken("406, or no SDP in the answer")),
    ("rfc4475/inv2543", "3.4.1", Taken("")),
    // RFC 5118 §4.
    ("rfc5118/ipv6-good", "4.1", Taken("")),
    ("rfc5118/ipv6-bad", "4.2", Answered(400, "the request URI")),
    ("rfc5118/port-ambiguous", "4.3", Taken("")),
    ("rfc5118/port-unambiguous", "4.4", Taken("")),
    ("rfc5118/via-received-param-with-delim", "4.5", Taken("")),
    ("rfc5118/via-received-param-no-delim", "4.5", Taken("")),
    ("rfc5118/ipv6-in-sdp", "4.6", Taken("")),
    ("rfc5118/mult-ip-in-header", "4.7", Taken("")),
    ("rfc5118/mult-ip-in-sdp", "4.8", Taken("")),
    ("rfc5118/ipv4-mapped-ipv6", "4.9", Taken("")),
    ("rfc5118/ipv6-bug-abnf-3-colons", "4.10", Taken("tolerated")),
    ("rfc5118/ipv6-correct-abnf-2-colons", "4.10", Taken("")),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/torture")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name).with_extension("dat")).expect(name)
}

fn request(name: &str) -> Request {
    match parse(&bytes(name)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name} is no request: {other:?}"),
    }
}

fn response(name: &str) -> Response {
    match parse(&bytes(name)) {
        Ok(Message::Response(response)) => response,
        other => panic!("{name} is no response: {other:?}"),
    }
}

/// Our own books, apart from the lexer's: start line, values of all fields but Content-Length, and what follows the head, in bytes.
fn books(message: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    let text: String = message[..end].iter().map(|byte| char::from(*byte)).collect();
    let unfolded = text.split("\r\n").fold(Vec::<String>::new(), |mut lines, line| {
        match lines.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(last) => *last = format!("{} {}", last.trim_end(), line.trim()),
            None => lines.push(line.to_owned()),
        }
        lines
    });
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect::<Vec<_>>();
    let fields = unfolded[1..].iter().map(|line| line.split_once(':').expect("a colon"));
    let values = fields.filter(|(name, _)| !["l", "content-length"].contains(&&*name.trim().to_lowercase()));
    (latin(&unfolded[0]), values.map(|(_, value)| latin(value.trim_matches([' ', '\t']))).collect(), message[end + 4..].to_vec())
}

#[test]
fn every_message_has_its_expectation_and_meets_it() {
    for (name, clause, expect) in TABLE {
        let sent = bytes(name);
        match (expect, parse(&sent)) {
            (Taken(_), Ok(message)) => {
                let written = message.to_bytes();
                let ((line, values, body), (line_again, values_again, body_again)) = (books(&sent), books(&written));
                assert_eq!(String::from_utf8_lossy(&line_again), String::from_utf8_lossy(&line), "{name} (§{clause})");
                assert_eq!(values_again, values, "{name} (§{clause})");
                let body = if name.ends_with("dblreq") { &[][..] } else { &body };
                assert_eq!(body_again, body, "{name} (§{clause})");
                assert_eq!(parse(&written).as_ref(), Ok(&message), "{name} (§{clause})");
            }
            (Answered(code, wrong), Err(Fault::Answer { response, why })) => {
                assert_eq!((response.code, why), (code, wrong), "{name} (§{clause})");
                assert!(response.reason.ends_with(wrong), "{name}: {}", response.reason);
                assert!(response.headers.vias().is_ok_and(|vias| !vias.is_empty()) || name.ends_with("badinv01"));
                let _ = response.top_via();
                let written = Message::Response(*response).to_bytes();
                assert!(written.starts_with(format!("SIP/2.0 {code} ").as_bytes()));
            }
            (Dropped(wrong), Err(Fault::Drop { why })) => assert_eq!(why, wrong, "{name} (§{clause})"),
            (Taken(then), Err(fault)) => panic!("{name} (§{clause}) is to be taken, then {then:?}: {fault:?}"),
            (_, other) => panic!("{name} (§{clause}): {other:?}"),
        }
    }
}

#[test]
fn no_file_is_forgotten() {
    let files: BTreeSet<String> = ["rfc4475", "rfc5118"]
        .iter()
        .flat_map(|rfc| std::fs::read_dir(folder().join(rfc)).expect("a folder").map(move |file| (rfc, file.expect("a file"))))
        .map(|(rfc, file)| format!("{rfc}/{}", file.path().file_stem().expect("a name").to_string_lossy()))
        .collect();
    assert_eq!(files, TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect());
}

#[test]
fn an_answer_has_what_the_request_had_and_a_tag() {
    let Err(Fault::Answer { response, .. }) = parse(&bytes("rfc4475/clerr")) else { panic!("400") };
    let copied: Vec<_> =
        response.headers.iter().filter(|(name, _)| *name != "To").map(|(name, value)| format!("{name}: {value}")).collect();
    let expected = [
        "From: sip:caller@example.net;tag=93942939o2",
        "Call-ID: clerr.0ha0isndaksdjweiafasdk3",
        "CSeq: 8 INVITE",
        "Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bK-39234-23523",
    ];
    assert_eq!(copied, expected);
    let tag = response.to().tag().map(str::to_owned);
    assert!(tag.is_some());
    // RFC 3261 §8.2.7: the same tag for a retransmission.
    let Err(Fault::Answer { response, .. }) = parse(&bytes("rfc4475/clerr")) else { panic!("400") };
    assert_eq!(response.to().tag().map(str::to_owned), tag);
    // What cannot be read stands as it stood.
    let Err(Fault::Answer { response, .. }) = parse(&bytes("rfc4475/quotbal")) else { panic!("400") };
    assert_eq!(response.headers.get("To"), Some("\"Mr. J. User <sip:j.user@example.com>"));
    let Err(Fault::Answer { response, .. }) = parse(&bytes("rfc4475/lwsruri")) else { panic!("400") };
    assert_eq!(response.to().tag(), Some("3xfe-9921883-z9f"));
}

#[test]
fn wsinv_is_understood_through_its_whitespace() {
    let wsinv = request("rfc4475/wsinv");
    assert_eq!(wsinv.method, Method::Invite);
    assert_eq!(
        (wsinv.uri.user.as_deref(), &*wsinv.uri.host, wsinv.uri.param("unknownparam")),
        (Some("vivekg"), "chair-dnrc.example.com", Some(""))
    );
    assert_eq!((wsinv.to().tag(), wsinv.to().uri.to_string()), (Some("1918181833n"), "sip:vivekg@chair-dnrc.example.com".to_owned()));
    assert_eq!((wsinv.from().display.as_deref(), wsinv.from().tag()), (Some(r#"J Rosenberg \""#), Some("98asjd8")));
    assert_eq!(wsinv.cseq(), (9, Method::Invite));
    assert_eq!(wsinv.headers.number("Max-Forwards"), Ok(Some(68)));
    assert_eq!(wsinv.headers.get("Subject"), Some(""));
    assert_eq!(wsinv.headers.get("NewFangledHeader"), Some("newfangled value continued newfangled value"));
    assert_eq!(wsinv.headers.get("UnknownHeaderWithUnusualValue"), Some(";;,,;;,;"));
    let vias: Vec<_> = wsinv.headers.vias().expect("three").iter().map(ToString::to_string).collect();
    let expected = [
        "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
        "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
        "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239",
    ];
    assert_eq!(vias, expected);
    let route = &wsinv.headers.name_addrs("Route").expect("one")[0];
    assert_eq!((route.uri.param("lr"), route.uri.param("unknownwith")), (Some(""), Some("value")));
    let contact = &wsinv.headers.name_addrs("Contact").expect("one")[0];
    assert_eq!(contact.display.as_deref(), Some(r#"Quoted string """#));
    assert_eq!((contact.param("newparam"), contact.param("secondparam"), contact.param("q")), (Some("newvalue"), Some(""), Some("0.33")));
    assert_eq!(wsinv.body.len(), 150);
}

#[test]
fn unusual_characters_stay_what_they_are() {
    let intmeth = request("rfc4475/intmeth");
    assert_eq!(intmeth.method, Method::Other("!interesting-Method0123456789_*+`.%indeed'~".to_owned()));
    assert_eq!(intmeth.uri.user_unescaped().as_deref(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(intmeth.uri.host, "example.com");
    assert_eq!(intmeth.to().display.as_deref(), Some("BEL:\x07 NUL:\0 DEL:\x7F"));
    assert_eq!(intmeth.from().display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(intmeth.from().param("fromParam''~+*_!.-%"), Some("\"работающий\""));
    assert_eq!(intmeth.from().tag(), Some("_token~1'+`*%!-."));
    assert_eq!(intmeth.headers.get("extensionHeader-!.%*+_`'~"), Some("\u{feff}大停電"));

    let esc01 = request("rfc4475/esc01");
    assert_eq!(esc01.uri.user_unescaped().as_deref(), Some("sips:user@example.com"));
    assert!(esc01.to().uri.same_as(&"sip:user@example.com".parse().expect("a URI")));
    assert_eq!(esc01.from().uri.user_unescaped().as_deref(), Some("I have spaces"));
    let contact = &esc01.headers.name_addrs("Contact").expect("one")[0];
    assert_eq!(contact.uri.param("n%61me"), Some("v%61lue%25%34%31"));

    let escnull = request("rfc4475/escnull");
    assert_eq!(escnull.to().uri.user_unescaped().as_deref(), Some("null-\0-null"));
    let contacts = escnull.headers.name_addrs("Contact").expect("two");
    assert!(!contacts[0].uri.same_as(&contacts[1].uri));

    let esc02 = request("rfc4475/esc02");
    assert_eq!(esc02.method, Method::Other("RE%47IST%45R".to_owned()));
    assert_eq!(esc02.headers.list("Contact").count(), 2);
    assert_eq!(esc02.headers.get("C%6Fntact"), Some("<sip:alias2@host2.example.com>"));
    assert_eq!(esc02.from().display.as_deref(), Some("%Z%45"));

    let semiuri = request("rfc4475/semiuri");
    assert_eq!((semiuri.uri.user_unescaped().as_deref(), semiuri.uri.params.len()), (Some("user;par=u@example.net"), 0));
    assert_eq!(semiuri.headers.list("Accept").count(), 6);

    assert_eq!(request("rfc4475/lwsdisp").from().display.as_deref(), Some("caller"));
}

#[test]
fn long_double_and_binary_messages_are_whole() {
    let longreq = request("rfc4475/longreq");
    assert_eq!(longreq.headers.vias().map(|vias| vias.len()), Ok(34));
    assert_eq!(longreq.headers.vias().expect("34")[33].branch().map(str::len), Some(215));
    assert_eq!((longreq.to().uri.port, longreq.to().uri.params.len()), (Some(6000), 3));

    let dblreq = request("rfc4475/dblreq");
    assert_eq!((dblreq.method.clone(), dblreq.body.len()), (Method::Register, 0));

    let mpart01 = request("rfc4475/mpart01");
    assert_eq!(mpart01.body.len(), 553);
    assert!(mpart01.body.contains(&0) && std::str::from_utf8(&mpart01.body).is_err());

    let transports = request("rfc4475/transports").headers.vias().expect("five");
    assert_eq!(transports.iter().map(|via| &*via.transport).collect::<Vec<_>>(), ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

#[test]
fn responses_keep_their_reason() {
    assert_eq!(response("rfc4475/unreason").reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
    assert_eq!((response("rfc4475/noreason").code, &*response("rfc4475/noreason").reason), (100, ""));
    assert_eq!(response("rfc4475/bcast").headers.vias().map(|vias| vias.len()), Ok(2));
}

#[test]
fn what_the_endpoint_decides_on_is_there() {
    assert_eq!(request("rfc4475/unkscm").uri.scheme, Scheme::Other("nobodyKnowsThisScheme".to_owned()));
    assert_eq!(request("rfc4475/novelsc").uri.opaque, "//192.0.2.103:3002");
    assert_eq!(request("rfc4475/unksm2").to().uri.scheme, Scheme::Other("isbn".to_owned()));
    let bext01 = request("rfc4475/bext01");
    assert_eq!(bext01.headers.list("Require").collect::<Vec<_>>(), ["nothingSupportsThis", "nothingSupportsThisEither"]);
    assert_eq!(request("rfc4475/invut").headers.get("c"), Some("application/unknownformat"));
    assert_eq!(request("rfc4475/zeromf").headers.number("Max-Forwards"), Ok(Some(0)));
    // RFC 4475 §3.3.12, §3.3.13: a parameter outside the brackets is the header's, inside the URI's.
    let contact = |name| request(name).headers.name_addrs("Contact").expect("one").remove(0);
    let (outside, inside) = (contact("rfc4475/cparam01"), contact("rfc4475/cparam02"));
    assert_eq!((outside.param("unknownparam"), outside.uri.param("unknownparam")), (Some(""), None));
    assert_eq!((inside.param("unknownparam"), inside.uri.param("unknownparam")), (None, Some("")));
    assert_eq!(contact("rfc4475/regescrt").uri.headers.as_deref(), Some("Route=%3Csip:sip.example.com%3E"));
    let inv2543 = request("rfc4475/inv2543");
    assert_eq!((inv2543.from().tag(), inv2543.top_via().branch(), inv2543.headers.number("Max-Forwards")), (None, None, Ok(None)));
    assert_eq!(inv2543.to().param("user"), Some("phone"));
}

#[test]
fn ipv6_addresses_are_read() {
    let address = |name: &str| request(name).uri.socket_addr(5060).map(|address| address.to_string());
    assert_eq!(address("rfc5118/ipv6-good").as_deref(), Some("[2001:db8::10]:5060"));
    assert_eq!(address("rfc5118/port-ambiguous").as_deref(), Some("[2001:db8::10:5070]:5060"));
    assert_eq!(address("rfc5118/port-unambiguous").as_deref(), Some("[2001:db8::10]:5070"));
    assert_eq!(address("rfc5118/ipv6-bug-abnf-3-colons"), address("rfc5118/ipv6-correct-abnf-2-colons"));
    assert!(address("rfc5118/ipv6-bug-abnf-3-colons").is_some());
    let received = |name| request(name).top_via().param("received").map(str::to_owned);
    assert_eq!(received("rfc5118/via-received-param-with-delim").as_deref(), Some("[2001:db8::9:255]"));
    assert_eq!(received("rfc5118/via-received-param-no-delim").as_deref(), Some("2001:db8::9:255"));
    let mapped = request("rfc5118/ipv4-mapped-ipv6");
    let mapped = mapped.top_via();
    assert_eq!((mapped.host, mapped.port), ("[::ffff:192.0.2.10]", Some(19823)));
}

// Beyond the RFCs: what the field sends.

const OPTIONS: &str = "OPTIONS sip:1001@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=f\r\nTo: <sip:b@h>\r\n\
    Call-ID: c\r\nCSeq: 1 OPTIONS\r\n";

#[test]
fn gbk_goes_out_as_it_came_in() {
    let mut sent = b"INVITE sip:\xC8\xFD@h SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: \"\xC8\xFD\xC1\xE5\x8A\x5C\" <sip:a@h>;tag=f\r\nTo: \xBF\xCD\xB7\xFE <sip:b@h>\r\n\
        Call-ID: \xF4\x8F\xBF\x88\r\nCSeq: 1 INVITE\r\nX-Name: \xFF\xFE\r\nContent-Length: 4\r\n\r\n"
        .to_vec();
    sent.extend(b"\x00\xFF\r\n");
    let Ok(message) = parse(&sent) else { panic!("taken") };
    assert_eq!(message.to_bytes(), sent);
    let Message::Request(request) = &message else { panic!("a request") };
    // A display name that goes through our own type, as a B2BUA passes it on.
    let mut headers = Headers::default();
    headers.push("From", request.from().to_string());
    let passed_on = Message::Request(Request { headers, ..request.clone() }).to_bytes();
    assert!(passed_on.windows(10).any(|ten| ten == b"\"\xC8\xFD\xC1\xE5\x8A\x5C\" <"), "{}", passed_on.escape_ascii());
}

#[test]
fn attended_transfer_and_tel_are_taken() {
    let refer = OPTIONS.replace("OPTIONS", "REFER") + "r: <sip:b@h?Replaces=c%40x%3Bto-tag%3D1>;x=y\r\n\r\n";
    let Ok(Message::Request(request)) = parse(refer.as_bytes()) else { panic!("taken") };
    let target = &request.headers.name_addrs("Refer-To").expect("one")[0];
    assert_eq!(target.uri.headers.as_deref(), Some("Replaces=c%40x%3Bto-tag%3D1"));
    let tel = OPTIONS.replace("sip:1001@h", "tel:+86-10-95000;phone-context=x") + "\r\n";
    let Ok(Message::Request(request)) = parse(tel.as_bytes()) else { panic!("taken") };
    assert_eq!(request.uri.user_unescaped().as_deref(), Some("+86-10-95000"));
}

#[test]
fn bounds_are_kept_and_say_so() {
    let answer = |text: String| match parse(text.as_bytes()) {
        Err(Fault::Answer { response, .. }) => response.code,
        Err(Fault::Drop { .. }) => 0,
        Ok(_) => 200,
    };
    let fields = OPTIONS.lines().count() - 1;
    for (more, code) in [(SIP_HEADERS_MAX - fields, 200), (SIP_HEADERS_MAX - fields + 1, 400)] {
        assert_eq!(answer(format!("{OPTIONS}{}\r\n", "X: y\r\n".repeat(more))), code);
    }
    for (length, code) in [(SIP_URI_MAX, 200), (SIP_URI_MAX + 1, 414)] {
        let uri = format!("sip:{}@h", "1".repeat(length - "sip:@h".len()));
        assert_eq!(answer(OPTIONS.replace("sip:1001@h", &uri) + "\r\n"), code);
    }
    let room = SIP_MESSAGE_MAX - OPTIONS.len() - 2;
    for (length, code) in [(room, 200), (room + 1, 513)] {
        assert_eq!(answer(format!("{OPTIONS}\r\n{}", "b".repeat(length))), code);
    }
    assert_eq!(answer(OPTIONS.to_owned()), 400, "no empty line");
}

/// RFC 3261 §20.22: 0 to 255. §7.2: codes are of the classes 1 to 6. §8.1.1.5: less than 2³¹.
#[test]
fn numbers_end_where_the_rfc_ends_them() {
    for (hops, taken) in [("0", true), ("255", true), ("256", false), ("-1", false), ("", false)] {
        assert_eq!(parse(format!("{OPTIONS}Max-Forwards: {hops}\r\n\r\n").as_bytes()).is_ok(), taken, "{hops}");
    }
    for (code, taken) in [("099", false), ("100", true), ("699", true), ("700", false), ("20", false), ("2000", false), ("2x0", false)] {
        let response = OPTIONS.replace("OPTIONS sip:1001@h SIP/2.0", &format!("SIP/2.0 {code} Fine")) + "\r\n";
        assert_eq!(parse(response.as_bytes()).is_ok(), taken, "{code}");
    }
    for (number, taken) in [("0", true), ("2147483647", true), ("2147483648", false), ("4294967296", false), ("-1", false), ("+1", false)] {
        let request = OPTIONS.replace("CSeq: 1 ", &format!("CSeq: {number} ")) + "\r\n";
        assert_eq!(parse(request.as_bytes()).is_ok(), taken, "{number}");
    }
}

#[test]
fn what_cannot_be_answered_is_dropped() {
    let headless = OPTIONS.split_once("Via").map(|(line, _)| line.to_owned()).expect("a Via");
    for text in [
        String::new(),
        "\r\n\r\n".to_owned(),
        "hello\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(),
        // A broken ACK.
        OPTIONS.replacen("OPTIONS", "ACK", 1) + "\r\n",
        // Nowhere to answer.
        headless + "\r\n",
        OPTIONS.replace("UDP a", "UDP") + "\r\n",
        // A broken response.
        OPTIONS.replace("OPTIONS sip:1001@h SIP/2.0", "SIP/2.0 200 OK").replace("Call-ID", "X") + "\r\n",
    ] {
        assert!(matches!(parse(text.as_bytes()), Err(Fault::Drop { .. })), "{text:?}");
    }
}

#[test]
fn a_stream_of_the_corpus_comes_out_message_by_message() {
    // Those with a true Content-Length, and dblreq's second message of its own.
    let framed: Vec<Vec<u8>> = TABLE.iter().map(|(name, ..)| bytes(name)).filter(|sent| one_true_length(sent)).collect();
    assert!(framed.len() > 50);
    for chunk in [1, 7, 1460, 65_536] {
        let stream = framed.concat();
        let mut framer = Framer::default();
        let mut out = Vec::new();
        for bytes in stream.chunks(chunk) {
            framer.push(bytes);
            while let Some(Framed::Message(message)) = framer.next().expect("framed") {
                out.push(message);
            }
        }
        assert!(out == framed, "in chunks of {chunk}");
    }
}

fn one_true_length(sent: &[u8]) -> bool {
    let text: String = sent.iter().map(|byte| char::from(*byte)).collect();
    let (head, body) = text.split_once("\r\n\r\n").expect("an empty line");
    let lengths: Vec<_> = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| ["l", "content-length"].contains(&&*name.trim().to_lowercase()))
        .map(|(_, value)| value.trim())
        .collect();
    lengths == [body.len().to_string()]
}

#[test]
fn an_unframable_request_is_answered_by_its_head() {
    let mut framer = Framer::default();
    framer.push(format!("{OPTIONS}\r\n").as_bytes());
    let gone = framer.next().expect_err("no Content-Length");
    let answer = refusal(&gone.head, gone.code, gone.why).expect("an answer");
    assert_eq!((answer.code, &*answer.reason, answer.call_id()), (400, "Bad Request: no Content-Length", "c"));
    assert_eq!(refusal(OPTIONS.replace("OPTIONS", "ACK").as_bytes(), 400, "x"), None);
    assert_eq!(refusal(b"SIP/2.0 200 OK\r\n", 400, "x"), None);
}

/// One change as a network, a bug or an attacker makes it.
fn mutate(sent: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut Rng) {
    const SPICE: &[&[u8]] = &[
        b"\r\n",
        b"\n",
        b"\r",
        b"\"",
        b"\\",
        b"<",
        b">",
        b",",
        b";",
        b":",
        b"@",
        b"=",
        b"%",
        b"%00",
        b"?",
        b"[",
        b"]",
        b" ",
        b"\t",
        b"\0",
        b"\xC8\xFD",
        b"\xF4\x8F\xBE\x80",
        b"\xF4\x8F",
        b"\x8A\\",
        b"SIP/2.0",
        b"l: 3\r\n",
        b"Via: ",
        b"*",
        b"99999999999",
    ];
    let place = |rng: &mut Rng, length: usize| usize::try_from(rng.below(length as u64 + 1)).expect("a place");
    let (a, b) = (place(rng, sent.len()), place(rng, sent.len()));
    let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 40));
    match rng.below(20) {
        0..4 => drop(sent.drain(from..to)),
        4..10 => drop(sent.splice(from..from, SPICE[place(rng, SPICE.len() - 1)].iter().copied())),
        10..13 => {
            let again = sent[from..to].to_vec();
            drop(sent.splice(to..to, again));
        }
        13..16 => {
            let other = &corpus[place(rng, corpus.len() - 1)];
            let at = place(rng, other.len());
            drop(sent.splice(from..to, other[at..other.len().min(at + 60)].iter().copied()));
        }
        16 => sent.truncate(a),
        _ => {
            if let Some(byte) = sent.get_mut(a) {
                *byte = rng.next_u32() as u8;
            }
        }
    }
}

#[test]
fn twenty_thousand_mutations_neither_panic_nor_drift() {
    let corpus: Vec<Vec<u8>> = TABLE.iter().map(|(name, ..)| bytes(name)).collect();
    let valid: Vec<Vec<u8>> = corpus.iter().filter(|sent| parse(sent).is_ok()).cloned().collect();
    let mut rng = Rng::new(4475);
    let (mut taken, mut answered) = (0, 0);
    for round in 0..20_000 {
        // Mostly the valid ones: what is broken already gains little.
        let from = if round % 8 == 0 { &corpus } else { &valid };
        let mut sent = from[round % from.len()].clone();
        for _ in 0..=rng.below(4) / 3 {
            mutate(&mut sent, &corpus, &mut rng);
        }
        match parse(&sent) {
            Ok(message) => {
                taken += 1;
                let written = message.to_bytes();
                assert_eq!(parse(&written).as_ref(), Ok(&message), "round {round}: {}", sent.escape_ascii());
                touch(&message);
            }
            Err(Fault::Answer { response, .. }) => {
                answered += 1;
                let _ = response.top_via();
                let written = Message::Response(*response).to_bytes();
                assert!(written.ends_with(b"\r\n\r\n"));
            }
            Err(Fault::Drop { .. }) => {}
        }
        let mut framer = Framer::default();
        framer.push(&sent);
        while let Ok(Some(_)) = framer.next() {}
    }
    assert!(taken > 3_000 && answered > 3_000, "{taken} taken, {answered} answered");
}

/// Calls every view that a machine may call on what `parse` took; addresses written by our types are read as the same.
fn touch(message: &Message) {
    let (from, to) = match message {
        Message::Request(request) => {
            let _ = (request.cseq(), request.call_id(), request.response(200, None, Some("t")), request.uri.user_unescaped());
            assert_eq!(request.uri.to_string().parse(), Ok(request.uri.clone()));
            assert!(request.uri.same_as(&request.uri));
            assert!(request.headers.get("Contact") == Some("*") || request.headers.name_addrs("Contact").is_ok());
            (request.from(), request.to())
        }
        Message::Response(response) => {
            let _ = (response.cseq(), response.call_id());
            (response.from(), response.to())
        }
    };
    for address in [from, to] {
        assert_eq!(address.to_string().parse(), Ok(address));
    }
    for via in message.headers().vias().expect("proven") {
        assert_eq!(via.to_string().parse(), Ok(via));
    }
}
