//! Reading and writing a SIP message of usual size. Goals: read in 4 µs, write in 1 µs.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sanling::sip::msg::{Message, parse};
use std::hint::black_box;

/// An INVITE as a softphone behind a proxy sends it, about 900 bytes.
const INVITE: &str = "INVITE sip:95000@sanling.local SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds;rport\r\n\
    Via: SIP/2.0/UDP 192.0.2.77:5062;branch=z9hG4bKnashds8;received=192.0.2.77\r\n\
    Record-Route: <sip:192.0.2.10;lr>\r\n\
    Max-Forwards: 69\r\n\
    From: \"1001 \u{53f7}\u{5750}\u{5e2d}\" <sip:1001@sanling.local>;tag=1928301774\r\n\
    To: <sip:95000@sanling.local>\r\n\
    Call-ID: a84b4c76e66710@pc33.sanling.local\r\n\
    CSeq: 314159 INVITE\r\n\
    Contact: <sip:1001@192.0.2.77:5062;transport=udp>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"\r\n\
    Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, UPDATE, PRACK\r\n\
    Supported: replaces, timer, 100rel\r\n\
    Session-Expires: 1800;refresher=uac\r\n\
    User-Agent: Softphone/5.2.1\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 166\r\n\r\n\
    v=0\r\no=- 3904 3904 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";

fn messages(c: &mut Criterion) {
    let message = parse(INVITE.as_bytes()).expect("a good INVITE");
    assert_eq!(message.to_bytes().len(), INVITE.len());
    let mut group = c.benchmark_group("sip_message");
    group.throughput(Throughput::Bytes(INVITE.len() as u64));
    group.bench_function("parse", |b| b.iter(|| parse(black_box(INVITE.as_bytes()))));
    let mut out = Vec::with_capacity(2048);
    group.bench_function("write", |b| {
        b.iter(|| {
            out.clear();
            black_box(&message).write(&mut out);
        });
    });
    let Message::Request(invite) = &message else { unreachable!("an INVITE is a request") };
    group.bench_function("views", |b| b.iter(|| (invite.top_via(), invite.from(), invite.to(), invite.cseq())));
    group.bench_function("response", |b| b.iter(|| black_box(invite).response(180, None, Some("a6c85cf"))));
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
